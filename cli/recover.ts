import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { OperatorError } from "./error.ts";
import { pulumiOrFail, type PulumiOptions } from "./pulumi.ts";
import { forgetKept, restoreCheckpoint } from "./recovery/checkpoint.ts";
import { releaseStale } from "./recovery/locks.ts";
import { dockerObjects, removeObject } from "./recovery/objects.ts";
import { projectName } from "./recovery/project.ts";
import { planRecovery, stateSchema, type RecoveryPlan } from "./recovery/plan.ts";
import { engineAt, type StackContext } from "./stack.ts";

/** The stack to bring back to order, and how pulumi is run for it. `env` has `PULUMI_BACKEND_URL`. */
export interface RecoverOptions {
  readonly stack: string;
  readonly env: Readonly<Record<string, string>>;
  /** The project's directory. */
  readonly cwd: string;
  /** The engine that the stack's Docker provider speaks to. @default the one at env's `DOCKER_HOST` */
  readonly engine?: Pick<StackContext, "docker" | "address" | "place">;
  /** Told what is done, one line each. */
  readonly report: (line: string) => void;
}

/**
 * Mends what an update that died (`kill -9`, power cut, full disk) has left behind, so that the next one converges:
 * its lock, and every operation that it began and did not write the end of. Does nothing after an update that ended well.
 *
 * Safe to die in, and to run again: Docker is mended before the state is.
 *
 * @throws OperatorError if another update is running, or what was left behind can't be removed
 */
export async function recover(options: RecoverOptions): Promise<void> {
  const { stack, env, cwd, report } = options;
  const place = { backend: env["PULUMI_BACKEND_URL"] ?? "", project: await projectName(cwd), stack };
  const stale = await releaseStale(place, hostname());
  if (stale.length > 0) {
    report(
      `an earlier update of ${stack} died (process ${stale.map(({ pid }) => pid).join(", ")}): mending what it left`,
    );
    await endOrphanedPlugins(place.backend);
  }
  const checkpoint = restoreCheckpoint(place);
  if (checkpoint === "restored")
    report("the state was cut off, by a full disk most likely: its last complete version is back");
  if (checkpoint === "lost") {
    throw new OperatorError(
      `the state of ${stack} is cut off and no complete version is left: restore it from a backup`,
    );
  }
  forgetKept(place);
  const run: PulumiOptions = { env, cwd, output: "capture" };
  const { stdout } = await pulumiOrFail(["stack", "export", "--stack", stack], run);
  const state = stateSchema.parse(JSON.parse(stdout));
  const { docker, address, place: where } = options.engine ?? engineAt(env["DOCKER_HOST"]);
  await docker.ping().catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    const fix = where === "cluster" ? why : "start it, or set DOCKER_HOST to where it does";
    throw new OperatorError(`Docker does not answer at ${address}: ${fix}`);
  });
  const plan = planRecovery(state, await dockerObjects(docker));
  for (const { doing, urn } of plan.pending) report(`it was interrupted while ${doing} ${nameOf(urn)}`);
  for (const urn of plan.ghosts) report(`${nameOf(urn)} is gone from Docker: dropping it from the state`);
  for (const orphan of plan.orphans) {
    report(`removing the ${orphan.kind} ${orphan.name}, which it did not finish`);
    await removeObject(docker, orphan);
  }
  await replaceState(plan, stack, run);
  if (plan.stale.length > 0) {
    const targets = plan.stale.flatMap((urn) => ["--target", urn]);
    await pulumiOrFail(["refresh", "--stack", stack, "--yes", "--skip-preview", ...targets], run);
  }
}

/** Type and name of a resource, as pulumi prints them. */
function nameOf(urn: string): string {
  const [type = "", name = ""] = urn.split("::").slice(2);
  return `${type.split("$").at(-1) ?? ""} ${name}`;
}

/** `stack import` clears the pending operations. Values are encrypted in the file, as they are in the state. */
async function replaceState({ state, ghosts }: RecoveryPlan, stack: string, run: PulumiOptions): Promise<void> {
  if (state === undefined) return;
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-recover-"));
  try {
    const file = path.join(directory, "state.json");
    await writeFile(file, JSON.stringify(state), { mode: 0o600 });
    await pulumiOrFail(["stack", "import", "--stack", stack, "--file", file], run);
  } catch (error) {
    if (error instanceof OperatorError && ghosts.length > 0) {
      throw new OperatorError(`${error.message}\nrun: pulumi refresh --stack ${stack}`);
    }
    throw error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Ends the plugins of engines that were killed: they notice nothing, and would finish what they were asked for at a time when
 * the next update has long begun. Only those of this backend whose engine is gone.
 */
async function endOrphanedPlugins(backend: string): Promise<void> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const { name, parent } = await statOf(pid);
    if (!name.startsWith("pulumi-resource") || (await statOf(String(parent))).name.startsWith("pulumi")) continue;
    const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    if (!environment.split("\0").includes(`PULUMI_BACKEND_URL=${backend}`)) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

/** Name and parent of a process; empty and 0 when there is none, or no /proc to ask. */
async function statOf(pid: string): Promise<{ readonly name: string; readonly parent: number }> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [, name = "", parent = "0"] = /^\d+ \((.*)\) \S (\d+)/s.exec(stat) ?? [];
  return { name, parent: Number(parent) };
}
