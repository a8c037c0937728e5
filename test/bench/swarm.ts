import { OperatorError } from "../../cli/error.ts";
import { dockerOrFail } from "../../toolchain/docker.ts";

/** Ids of the engine's Swarm secrets, sorted. */
async function secretIds(host: string): Promise<readonly string[]> {
  const output = await dockerOrFail(host, ["secret", "ls", "--quiet"]);
  return output.split("\n").filter(Boolean).sort();
}

/** Names of the engine's services. */
async function serviceNames(host: string): Promise<readonly string[]> {
  const output = await dockerOrFail(host, ["service", "ls", "--format", "{{.Name}}"]);
  return output.split("\n").filter(Boolean);
}

/** Removes every service and secret: the engine is the benchmark's own. */
export async function emptySwarm(host: string): Promise<void> {
  const services = await serviceNames(host);
  if (services.length > 0) await dockerOrFail(host, ["service", "rm", ...services]);
  const ids = await secretIds(host);
  // In parts, as a command's arguments have a limit.
  for (let first = 0; first < ids.length; first += 500) {
    await dockerOrFail(host, ["secret", "rm", ...ids.slice(first, first + 500)]);
  }
}

/** Secrets that a service was granted. */
async function grants(host: string, service: string): Promise<number> {
  const format = "{{len .Spec.TaskTemplate.ContainerSpec.Secrets}}";
  return Number(await dockerOrFail(host, ["service", "inspect", "--format", format, service]));
}

/**
 * Proof that the work was done: so many secrets, and so many services that were granted all of them.
 *
 * @returns the secrets' ids
 * @throws OperatorError
 */
export async function expectWork(
  who: string,
  host: string,
  secrets: number,
  services: number,
): Promise<readonly string[]> {
  const [ids, names] = await Promise.all([secretIds(host), serviceNames(host)]);
  const granted = await Promise.all(names.map((name) => grants(host, name)));
  if (ids.length !== secrets || granted.length !== services || granted.some((count) => count !== secrets)) {
    throw new OperatorError(
      `${who} left ${ids.length} Swarm secrets and ${granted.length} services with ${granted.join(", ") || "no"} grants, not ${secrets} and ${services}`,
    );
  }
  return ids;
}
