import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceName } from "../../../components/catalog/types.ts";
import { observeSwarm } from "../../../components/cluster/swarm/observe.ts";
import { daemonPaths, namespaceFile, startDaemon } from "../../../toolchain/daemon.ts";
import type { Project } from "../project.ts";
import type { Running } from "../rotation/command.ts";
import { eventually, health } from "../swarm.ts";
import { kill, partsOf, type UpdatePart } from "./processes.ts";

/** What dies: a part of the update, the newest container of a service, or the Docker daemon with everything in it. */
export type Victim = UpdatePart | ServiceName | "docker";

const parts: readonly string[] = ["engine", "command", "program", "provider"] satisfies UpdatePart[];
const isPart = (victim: Victim): victim is UpdatePart => parts.includes(victim);

/** How long a stack may take to be whole again after a fault, in seconds. */
const wholeWithin = 120;

/** Kills. Answers whether there was anything to kill: a part of the update may start a moment later than its engine. */
export async function strike(victim: Victim, project: Project, running: Running): Promise<boolean> {
  if (isPart(victim)) return strikePart(victim, running);
  if (victim === "docker") return strikeDocker();
  const label = [`com.docker.swarm.service.name=goimg-${project.stack}-${victim}`];
  const containers = await project.docker.listContainers({ filters: { label } });
  const [newest] = containers.sort((a, b) => b.Created - a.Created);
  if (newest === undefined) return false;
  await project.docker
    .getContainer(newest.Id)
    .kill({ signal: "SIGKILL" })
    .catch(() => undefined);
  return true;
}

async function strikePart(part: UpdatePart, { child, ended }: Running): Promise<boolean> {
  const command = { over: false };
  void ended.then(() => (command.over = true));
  while (!command.over) {
    if (child.pid !== undefined && kill(partsOf(child.pid, part)) > 0) return true;
    await sleep(20);
  }
  return false;
}

/** As a machine that loses power: the daemon, then what it ran. Started again at once. */
async function strikeDocker(): Promise<boolean> {
  const pid = Number(await readFile(daemonPaths("test").pidFile, "utf8"));
  process.kill(pid, "SIGKILL");
  await startDaemon("test", namespaceFile("test"));
  return true;
}

/**
 * Waits until every service of the stack has all of its tasks healthy, and Swarm is done with what a dead engine asked of it.
 * Answers what is not. A daemon that died in the middle of a `start-first` update keeps the task before as well, until the next.
 */
export async function unhealthy(project: Project): Promise<readonly string[]> {
  const bad = async (): Promise<readonly string[]> => {
    const lines = await Promise.all([health(project), underWay(project)]).catch(() => [
      ["the Swarm does not answer 0/1"],
    ]);
    return lines.flat().filter((line) => {
      const [, healthy = 0, wanted = 1] = (/ (\d+)\/(\d+)$/.exec(line) ?? []).map(Number);
      return healthy < wanted;
    });
  };
  return eventually(bad, (lines) => lines.length === 0, wholeWithin);
}

async function underWay({ docker, stack }: Project): Promise<readonly string[]> {
  const { services } = await observeSwarm(docker, stack);
  return services.flatMap(({ name, update }) =>
    update === "updating" || update === "rollingBack" ? [`${name} is ${update}`] : [],
  );
}

/** How long the load may see failures after such a kill, in milliseconds, and why; 0 where it may see none. */
export function excuse(victim: Victim): { readonly milliseconds: number; readonly why: string } {
  if (isPart(victim)) return { milliseconds: 0, why: "" };
  switch (victim) {
    case "docker":
      return { milliseconds: Infinity, why: "one machine, and all of it was gone" };
    case "api":
      return { milliseconds: 3_000, why: "requests in flight in the killed task" };
    case "postgres":
    case "redis":
    case "s3":
      return { milliseconds: 30_000, why: `${victim} was away` };
    default:
      return { milliseconds: 0, why: "" };
  }
}
