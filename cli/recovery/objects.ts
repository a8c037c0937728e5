import type Docker from "dockerode";
import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "../error.ts";
import type { DockerObject } from "./plan.ts";

export { dockerAt } from "../../components/cluster/swarm/client.ts";

/** Everything in Docker that a stack could have made, other projects' objects included. */
export async function dockerObjects(docker: Docker): Promise<readonly DockerObject[]> {
  const [services, secrets, configs, networks, { Volumes: volumes }] = await Promise.all([
    docker.listServices(),
    docker.listSecrets() as Promise<readonly Named[]>,
    docker.listConfigs() as Promise<readonly Named[]>,
    docker.listNetworks(),
    docker.listVolumes(),
  ]);
  const named = (kind: DockerObject["kind"]) => (object: Named) => ({
    kind,
    id: object.ID,
    name: object.Spec?.Name ?? "",
  });
  return [
    ...services.map(({ ID, Spec }) => ({ kind: "service" as const, id: ID, name: Spec?.Name ?? "" })),
    ...secrets.map(named("secret")),
    ...configs.map(named("config")),
    ...networks.map(({ Id, Name }) => ({ kind: "network" as const, id: Id, name: Name })),
    ...volumes.map(({ Name }) => ({ kind: "volume" as const, id: Name, name: Name })),
  ];
}

interface Named {
  readonly ID: string;
  readonly Spec?: { readonly Name?: string };
}

/**
 * Removes one object, waiting for the containers of a service that was just removed to let go of it.
 *
 * @throws OperatorError if it is still in use after 30 seconds
 */
export async function removeObject(docker: Docker, { kind, id, name }: DockerObject): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      await remove(docker, kind, id);
      return;
    } catch (error) {
      if (statusOf(error) === 404) return;
      if (Date.now() > deadline) {
        throw new OperatorError(
          `the ${kind} ${name} of an interrupted update is in use and can't be removed: stop what uses it, and run this again`,
        );
      }
      await sleep(500);
    }
  }
}

function remove(docker: Docker, kind: DockerObject["kind"], id: string): Promise<unknown> {
  switch (kind) {
    case "service":
      return docker.getService(id).remove();
    case "secret":
      return docker.getSecret(id).remove();
    case "config":
      return docker.getConfig(id).remove();
    case "network":
      return docker.getNetwork(id).remove();
    case "volume":
      throw new Error("a volume holds data and is never removed by a recovery");
  }
}

function statusOf(error: unknown): number | undefined {
  return typeof error === "object" && error !== null && "statusCode" in error ? Number(error.statusCode) : undefined;
}
