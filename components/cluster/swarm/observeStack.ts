import type Docker from "dockerode";
import type { StoreSettings } from "../../stores/settings.ts";
import { observeSwarm, type Observed } from "./observe.ts";

/**
 * What runs of a stack, and what all of its stores keep: Swarm's own secrets, and what another store is asked for.
 *
 * @throws what the Docker API or the store throws
 */
export async function observeStack(docker: Docker, stack: string, { vault }: StoreSettings): Promise<Observed> {
  const swarm = observeSwarm(docker, stack);
  if (vault === undefined) return swarm;
  const { keptInVault } = await import("../../stores/vaultPlaces.ts");
  const [observed, kept] = await Promise.all([swarm, keptInVault({ ...vault, stack })]);
  return { ...observed, secrets: [...observed.secrets, ...kept] };
}
