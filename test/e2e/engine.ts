import type Docker from "dockerode";
import { setTimeout as sleep } from "node:timers/promises";
import { dockerObjects, removeObject } from "../../cli/recovery/objects.ts";

/** Networks that Docker and Swarm make for themselves. */
const builtin = new Set(["bridge", "host", "none", "ingress", "docker_gwbridge"]);

/** What is in the test engine, as `kind name`; empty when nothing of any stack is left. */
export async function remains(docker: Docker): Promise<readonly string[]> {
  const [objects, containers] = await Promise.all([dockerObjects(docker), docker.listContainers({ all: true })]);
  return [
    ...objects
      .filter(({ kind, name }) => kind !== "network" || !builtin.has(name))
      .map(({ kind, name }) => `${kind} ${name}`),
    ...containers.map(({ Names: names, Id: id }) => `container ${names[0] ?? id}`),
  ].sort();
}

/** {@link remains}, once containers that are being stopped have had their time. */
export async function remainsAtLast(docker: Docker, seconds = 30): Promise<readonly string[]> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const left = await remains(docker);
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(250);
  }
}

/** Empties the test engine of what a run that was killed has left in it. Images stay. */
export async function emptyEngine(docker: Docker): Promise<void> {
  const objects = await dockerObjects(docker);
  const removable = objects.filter(({ kind, name }) => kind !== "volume" && !(kind === "network" && builtin.has(name)));
  for (const object of removable.filter(({ kind }) => kind === "service")) await removeObject(docker, object);
  for (const { Id: id } of await docker.listContainers({ all: true })) {
    await docker
      .getContainer(id)
      .remove({ force: true, v: true })
      .catch(() => undefined);
  }
  for (const object of removable.filter(({ kind }) => kind !== "service")) await removeObject(docker, object);
  const { Volumes: volumes } = await docker.listVolumes();
  for (const { Name: name } of volumes) await docker.getVolume(name).remove({ force: true });
}
