/** What the running containers of a stack find of their secrets, listed inside them. */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { NotReadable } from "../control.ts";
import type { InsideFact } from "../facts.ts";
import { execute, holdersIn, nameOf, runningContainers, type ApiService } from "./services.ts";

const folder = "/run/secrets";
const format = ["-printf", "%p\t%m\t%U\t%y\t%F\n"] as const;

/** Lists /run/secrets, where the service has one, and what it mounts elsewhere: what it logs in to a store with. */
function listing({ Spec }: ApiService): readonly string[] {
  const mounted = (Spec.TaskTemplate.ContainerSpec.Secrets ?? []).map(({ File }) => File.Name);
  const elsewhere = mounted.filter((name) => path.isAbsolute(name));
  return ["find", ...(elsewhere.length < mounted.length ? [folder] : []), ...elsewhere, ...format];
}

/** The secret files of every running container that should have some. */
export async function readInsides(docker: Docker, services: readonly ApiService[]): Promise<readonly InsideFact[]> {
  return (await Promise.all(holdersIn(services).map((service) => insidesOf(docker, service, looks)))).flat();
}

/** How often a service is looked into anew, because a container of it ended between the list and the look; and the pause, in milliseconds. */
const looks = 5;
const pause = 2000;

async function insidesOf(docker: Docker, service: ApiService, left: number): Promise<readonly InsideFact[]> {
  const containers = await runningContainers(docker, service);
  try {
    return await Promise.all(containers.map((container) => readInside(docker, service, container)));
  } catch (error) {
    const hasEnded = error instanceof NotReadable && error.message.includes("is not running");
    if (!hasEnded || left === 1) throw error;
    await sleep(pause);
    return insidesOf(docker, service, left - 1);
  }
}

async function readInside(docker: Docker, service: ApiService, container: string): Promise<InsideFact> {
  const [uid, listed] = [
    await execute(docker, container, ["id", "-u"]),
    await execute(docker, container, listing(service)),
  ] as const;
  const files = listed
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", mode = "7777", owner = "", type = "", fileSystem = ""] = line.split("\t");
      const short = name.startsWith(`${folder}/`) ? name.slice(folder.length + 1) : name;
      return { name: short, mode: Number.parseInt(mode, 8), uid: owner, type, fileSystem };
    })
    .filter(({ name }) => name !== folder);
  return { service: nameOf(service), container: container.slice(0, 12), uid: uid.trim(), files };
}
