import { OperatorError } from "../../cli/error.ts";
import { dockerOrFail } from "../../toolchain/docker.ts";

/** Ids of the engine's Swarm secrets, sorted. */
export async function secretIds(host: string): Promise<readonly string[]> {
  const output = await dockerOrFail(host, ["secret", "ls", "--quiet"]);
  return output.split("\n").filter(Boolean).sort();
}

/** Removes every Swarm secret: the engine is the benchmark's own. */
export async function removeSecrets(host: string): Promise<void> {
  const ids = await secretIds(host);
  // In parts, as a command's arguments have a limit.
  for (let first = 0; first < ids.length; first += 500) {
    await dockerOrFail(host, ["secret", "rm", ...ids.slice(first, first + 500)]);
  }
}

/** Proof that the work was done. @throws OperatorError */
export function expectSecrets(who: string, ids: readonly string[], count: number): void {
  if (ids.length !== count) throw new OperatorError(`${who} left ${ids.length} Swarm secrets, not ${count}`);
}
