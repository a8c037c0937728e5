/** Whatever ends an update, the next one converges: nothing orphaned, no value lost. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { locks } from "../../cli/recovery/locks.ts";
import { imageTag } from "../../toolchain/images.ts";
import { fingerprints, inDocker, inState } from "./inventory.ts";
import { killed, random, type Victim } from "./kill.ts";
import { createProject, type Project } from "./project.ts";
import { SmallDisk } from "./smallDisk.ts";
import { eventually, health, sharedStack } from "./swarm.ts";

const seed = Number(process.env["GOIMG_FAULT_SEED"] ?? Date.now() % 1_000_000);
const draw = random(seed);
/** How long the dev stack took to come up on this machine, in milliseconds: moments are drawn from it. */
const whole = inject("upTook");

/** What is killed, and when, as a part of the time that it may take. */
interface Kill {
  readonly what: "create" | "update" | "destroy";
  readonly moment: number;
  readonly victim: Victim;
}

const kill = (what: Kill["what"]): Kill => ({ what, moment: draw(), victim: draw() < 0.5 ? "all" : "pulumi" });

/** Side by side, each on a stack of its own: an update is mostly waiting. */
const lanes: readonly (readonly Kill[])[] = [
  ["create", "update", "destroy", "create"] as const,
  ["create", "update", "destroy"] as const,
  ["create", "update", "update"] as const,
].map((lane) => lane.map(kill));

/** How much of the time of a creation an update or a destruction takes. */
const share = { create: 1, update: 0.5, destroy: 0.25 } as const;

/** Generations to publish, one step an update. */
const steps: readonly Readonly<Record<string, object>>[] = [
  { DB_PASSWORD: { live: [1, 2], active: 1 }, JWT_KEY: { live: [1, 2], active: 1 } },
  {
    DB_PASSWORD: { live: [1, 2], active: 1 },
    JWT_KEY: { live: [1, 2], active: 1 },
    S3_KEY: { live: [1, 2], active: 1 },
  },
];

/** The state and Docker tell the same story, every service is healthy, and no value is another than it was. */
async function expectWhole(project: Project, before: ReadonlyMap<string, string>): Promise<void> {
  const { objects, pending } = await inState(project);
  expect(pending).toBe(0);
  expect(await inDocker(project.docker, project.stack)).toEqual(objects);
  const unhealthy = async (): Promise<readonly string[]> =>
    (await health(project)).filter((line) => !/ (\d+)\/\1$/.test(line));
  expect(await eventually(unhealthy, (lines) => lines.length === 0)).toEqual([]);
  const after = await fingerprints(project);
  for (const [urn, hash] of before) expect({ urn, hash: after.get(urn) }).toEqual({ urn, hash });
  expect((await fetch(`${project.url}/readyz`)).status).toBe(200);
}

async function expectGone(project: Project): Promise<void> {
  expect(
    await eventually(
      () => inDocker(project.docker, project.stack),
      (left) => left.length === 0,
    ),
  ).toEqual([]);
}

async function runLane(lane: readonly Kill[], number: number): Promise<readonly string[]> {
  const project = await createProject({ stack: `dev-fault-${number}` });
  const told: string[] = [];
  let step = 0;
  try {
    for (const { what, moment, victim } of lane) {
      if (what === "update") await project.configure({ generations: steps[step++] });
      const command = what === "destroy" ? "destroy" : "up";
      const after = Math.round(moment * share[what] * whole);
      const hit = await killed(project, [command, "--yes", "--skip-preview"], after, victim);
      const kept = await fingerprints(project);
      if (what === "destroy") {
        const destroyed = await project.destroy();
        expect(destroyed.exitCode, destroyed.stdout + destroyed.stderr).toBe(0);
        await expectGone(project);
        await project.configure({ generations: undefined });
        step = 0;
      } else {
        const { exitCode, stdout, stderr, mended } = await project.up();
        expect(exitCode, `${mended.join("\n")}\n${stdout}\n${stderr}`).toBe(0);
        await expectWhole(project, kept);
      }
      told.push(`${what}: ${hit ? `killed ${victim}` : "had ended"} at ${after} ms, ${kept.size} values kept`);
    }
    if (lane.at(-1)?.what !== "destroy") expect((await project.up("--expect-no-changes")).exitCode).toBe(0);
  } finally {
    expect((await project.remove()).exitCode).toBe(0);
    await expectGone(project);
  }
  return told;
}

describe(`an update that is killed (GOIMG_FAULT_SEED=${seed})`, () => {
  it("is killed at 10 moments", () => {
    expect(lanes.flat().length).toBe(10);
  });

  it.concurrent.each(lanes.map((lane, number) => ({ lane, number, kinds: lane.map(({ what }) => what).join(", ") })))(
    "converges when it is run again: $kinds",
    async ({ lane, number }) => {
      const told = await runLane(lane, number);
      for (const line of told) process.stdout.write(`lane ${number}: ${line}\n`);
      expect(told.length).toBe(lane.length);
    },
  );
});

describe("an update of the dev stack", () => {
  const stack = sharedStack();
  const untouched = async (): Promise<unknown> => [await inState(stack), [...(await fingerprints(stack))].sort()];

  it("says so when Docker is not running, and changes nothing", async () => {
    const before = await untouched();
    const gone = { DOCKER_HOST: `unix://${path.join(tmpdir(), "no-docker.sock")}` };
    // Something to do, as an update without changes asks nothing of Docker.
    await stack.configure({ images: { gateway: imageTag("app") } });
    try {
      const { exitCode, stdout, stderr } = await stack.pulumiWith(gone, "up", "--yes", "--skip-preview");
      expect(exitCode).not.toBe(0);
      expect(stdout + stderr).toMatch(/no-docker\.sock/);
    } finally {
      await stack.configure({ images: undefined });
    }
    expect(await untouched()).toEqual(before);
    await expect(stack.recover(gone)).rejects.toThrow(/Docker does not answer at unix:.*no-docker\.sock/);
    expect(await untouched()).toEqual(before);
  });

  it("says so when the passphrase is wrong or missing, and changes nothing", async () => {
    const before = await untouched();
    const folder = await mkdtemp(path.join(tmpdir(), "goimg-passphrase-"));
    try {
      const wrong = path.join(folder, "wrong");
      await writeFile(wrong, "not the passphrase", { mode: 0o600 });
      for (const [file, words] of [
        [wrong, /incorrect passphrase/],
        [path.join(folder, "missing"), /passphrase/i],
      ] as const) {
        const { exitCode, stdout, stderr } = await stack.pulumiWith(
          { PULUMI_CONFIG_PASSPHRASE_FILE: file },
          ...["up", "--yes", "--skip-preview"],
        );
        expect(exitCode).not.toBe(0);
        expect(stdout + stderr).toMatch(words);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
    expect(await untouched()).toEqual(before);
  });

  it("is refused while another one runs, which is not disturbed", async () => {
    const before = await untouched();
    const first = stack.pulumi("refresh", "--yes", "--skip-preview");
    const place = {
      backend: stack.place.env["PULUMI_BACKEND_URL"] ?? "",
      project: "goimg-secrets",
      stack: stack.stack,
    };
    const held = await eventually(
      () => locks(place),
      (found) => found.length > 0,
    );
    expect(held.map((lock) => lock.hostname)).toEqual([hostname()]);
    const [second, mended] = await Promise.all([
      stack.pulumi("up", "--yes", "--skip-preview"),
      stack.recover().then(
        () => "mended",
        (error: unknown) => String(error),
      ),
    ]);
    expect(mended).toMatch(/another update of the stack dev is running \(process \d+, since /);
    expect(second.exitCode).not.toBe(0);
    expect(second.stdout + second.stderr).toMatch(/the stack is currently locked by 1 lock/);
    expect((await first).exitCode).toBe(0);
    expect(await untouched()).toEqual(before);
  });
});

describe("an update of a fresh stack", () => {
  let disk: SmallDisk;
  let project: Project;

  beforeAll(async () => {
    // Room for the notes of a part of the stack only.
    disk = new SmallDisk("256k");
    project = await createProject({ stack: "dev-full", state: path.join(disk.folder, "state") });
  });

  afterAll(async () => {
    disk.grow("64m");
    expect((await project.remove()).exitCode).toBe(0);
    await expectGone(project);
    disk.remove();
  });

  it("on a full disk says so, keeps what it did, and is resumed when there is room", async () => {
    const { exitCode, stdout, stderr } = await project.pulumi("up", "--yes", "--skip-preview");
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toMatch(/no space left on device/);
    disk.grow("64m");
    const kept = await fingerprints(project);
    const resumed = await project.up();
    expect(resumed.exitCode, `${resumed.mended.join("\n")}\n${resumed.stdout}\n${resumed.stderr}`).toBe(0);
    await expectWhole(project, kept);
  });

  it("whose connection to Docker breaks in the middle is resumed when it is back", async () => {
    const socket = path.join(disk.folder, "docker.sock");
    const relay = await relayTo(project.place.env["DOCKER_HOST"]?.slice("unix://".length) ?? "", socket);
    await project.configure({ generations: steps[0] });
    const kept = await fingerprints(project);
    const update = project.pulumiWith({ DOCKER_HOST: `unix://${socket}` }, "up", "--yes", "--skip-preview");
    await sleep(2000 + draw() * share.update * whole);
    relay.break();
    const { exitCode } = await update;
    expect(existsSync(socket)).toBe(false);
    const resumed = await project.up();
    expect(resumed.exitCode, `${exitCode}\n${resumed.mended.join("\n")}\n${resumed.stdout}`).toBe(0);
    await expectWhole(project, kept);
  });
});

/** Docker's socket under another path, until it is broken. */
async function relayTo(target: string, socket: string): Promise<{ readonly break: () => void }> {
  const open = new Set<{ destroy: () => unknown }>();
  const server = createServer((client) => {
    const docker = connect(target);
    for (const end of [client, docker]) {
      open.add(end);
      end.on("error", () => undefined);
      end.on("close", () => open.delete(end));
    }
    client.pipe(docker).pipe(client);
  });
  await new Promise<void>((done) => server.listen(socket, done));
  return {
    break() {
      server.close();
      for (const end of open) end.destroy();
    },
  };
}
