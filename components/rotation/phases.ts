import { ascending, clients, knownToAll, type SecretFacts } from "./facts.ts";
import type { Generations } from "./generations.ts";

/**
 * Where a generation is on its way:
 *
 * - `staged`: it exists, and is not everywhere yet where it has to be known;
 * - `published`: the backing service accepts it and every client's task holds it, none uses it;
 * - `active`: a client's task uses it. During a promotion that is two generations;
 * - `retiring`: no task uses it, and it is still accepted or stored;
 * - `revoked`: it is gone everywhere, or was never there.
 */
export type Phase = "staged" | "published" | "active" | "retiring" | "revoked";

/** The phase of one generation, from what is declared and what is observed. */
export function phaseOf(generation: number, declared: Generations, facts: SecretFacts): Phase {
  if (usedByTask(generation, facts)) return "active";
  const isLive = declared.live.includes(generation);
  if (!isLive) return exists(generation, facts) ? "retiring" : "revoked";
  // A number below the active one was active before: the way back to it is a rollback, not a promotion.
  if (generation < declared.active) return "retiring";
  const accepted = facts.accepted?.includes(generation) ?? true;
  return accepted && facts.stored.includes(generation) && knownToAll(facts, generation) ? "published" : "staged";
}

/** The phase of every generation that is declared or found anywhere, ascending by generation. */
export function phasesOf(declared: Generations, facts: SecretFacts): ReadonlyMap<number, Phase> {
  return new Map(
    ascending([...declared.live, ...found(facts)]).map((generation) => [
      generation,
      phaseOf(generation, declared, facts),
    ]),
  );
}

const usedByTask = (generation: number, facts: SecretFacts): boolean =>
  clients(facts).some(({ tasks }) => tasks.some(({ held }) => held.active === generation));

const exists = (generation: number, facts: SecretFacts): boolean => found(facts).includes(generation);

/** Every generation that the store, the backing service or a running task still has. */
function found({ stored, accepted, services }: SecretFacts): readonly number[] {
  const held = services.flatMap(({ tasks }) => tasks.flatMap((task) => task.held.live));
  return ascending([...stored, ...(accepted ?? []), ...held]);
}
