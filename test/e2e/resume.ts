/** What the fault tests do to a stack, and what must be true of it afterwards. */
import { expect } from "vitest";
import { findSecret } from "../../components/catalog/grants.ts";
import { readDeclared } from "../../cli/rotation/declared.ts";
import { fingerprints, inDocker, inState } from "./inventory.ts";
import { killed, random, type Moment, type Victim } from "./kill.ts";
import type { Project } from "./project.ts";
import { eventually, health } from "./swarm.ts";

/** Where the moments come from; the same seed gives the same ones. */
export const seed = Number(process.env["GOIMG_FAULT_SEED"] ?? Date.now() % 1_000_000);
const draw = random(seed);

/** How often each command writes the state, at the least: what is killed later than that could have ended. */
const writes = { create: 80, update: 12, destroy: 60 } as const;
/** Most milliseconds between the last of the counted writes and the end: operations last about as long. */
const longest = 800;

/** A command that is killed. */
export type Doing = keyof typeof writes;

/** A moment of a command. Later ones are likelier: most of the time goes by at the end, while services roll out. */
export function momentOf(doing: Doing): Moment {
  return { checkpoints: Math.floor((1 - draw() ** 2) * writes[doing]), delay: Math.round(draw() * longest) };
}

/** Generations to publish, one step an update; and back to where it began. */
export const steps: readonly (Readonly<Record<string, object>> | undefined)[] = [
  { DB_PASSWORD: { live: [1, 2], active: 1 }, JWT_KEY: { live: [1, 2], active: 1 } },
  {
    DB_PASSWORD: { live: [1, 2], active: 1 },
    JWT_KEY: { live: [1, 2], active: 1 },
    S3_KEY: { live: [1, 2], active: 1 },
  },
  { S3_KEY: { live: [1, 2], active: 1 } },
  undefined,
];

/**
 * Kills a command, runs it again, and expects that it converges.
 *
 * @param again `up` brings back what a killed destroy has begun to take away
 */
export async function killAndRunAgain(project: Project, doing: Doing, again: "same" | "up" = "same"): Promise<void> {
  const command = doing === "destroy" ? "destroy" : "up";
  const moment = momentOf(doing);
  const victim: Victim = draw() < 0.5 ? "all" : "pulumi";
  // As the operator's command does: what failed before may have left its lock.
  await project.recover();
  const hit = await killed(project, [command, "--yes", "--skip-preview"], moment, victim);
  const kept = await fingerprints(project);
  const when = `${victim}, ${moment.delay} ms after ${moment.checkpoints} writes`;
  process.stdout.write(
    `${project.stack}: ${doing} ${hit ? "killed" : "had ended"} (${when}), ${kept.size} values kept\n`,
  );
  expect(hit, "it had ended before it was killed").toBe(true);
  if (command === "destroy" && again === "same") await expectDestroyed(project);
  else await expectUp(project, kept);
}

/** Runs what an operator runs after a failure, and expects a whole stack with these values. */
export async function expectUp(project: Project, kept: ReadonlyMap<string, string>): Promise<void> {
  const { exitCode, stdout, stderr, mended } = await project.up();
  expect(exitCode, `${mended.join("\n")}\n${stdout}\n${stderr}`).toBe(0);
  await expectWhole(project, kept);
}

/** The state and Docker tell the same story, every service is healthy, and no value is another than it was. */
async function expectWhole(project: Project, before: ReadonlyMap<string, string>): Promise<void> {
  const { objects, pending } = await inState(project);
  expect(pending).toBe(0);
  expect(await inDocker(project.docker, project.stack)).toEqual(objects);
  const unhealthy = async (): Promise<readonly string[]> =>
    (await health(project)).filter((line) => !/ (\d+)\/\1$/.test(line));
  expect(await eventually(unhealthy, (lines) => lines.length === 0)).toEqual([]);
  const [after, declared] = await Promise.all([fingerprints(project), readDeclared(project.configFile)]);
  for (const [urn, hash] of before) {
    const expected = isLive(urn, declared) ? hash : undefined;
    expect({ urn, hash: after.get(urn) }).toEqual({ urn, hash: expected });
  }
  expect((await fetch(`${project.url}/readyz`)).status).toBe(200);
}

/** Whether a value's generation is declared: one that is not any more goes with the update. */
function isLive(urn: string, declared: Awaited<ReturnType<typeof readDeclared>>): boolean {
  const [, name = "", generation] = /::(\w+)-g(\d+)$/.exec(urn) ?? [];
  const secret = findSecret(name);
  return secret !== undefined && declared[secret].live.includes(Number(generation));
}

/** Destroys the stack, and expects that Docker holds nothing of it. */
export async function expectDestroyed(project: Project): Promise<void> {
  const { exitCode, stdout, stderr } = await project.destroy();
  expect(exitCode, stdout + stderr).toBe(0);
  const left = await eventually(
    () => inDocker(project.docker, project.stack),
    (objects) => objects.length === 0,
  );
  expect(left).toEqual([]);
}
