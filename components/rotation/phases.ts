import { ascending, clients, knownToAll, type SecretFacts } from "./facts.ts";
import type { Situation } from "./machine.ts";
import { strategies } from "./strategies.ts";

/**
 * Where a generation is on its way:
 *
 * - `staged`: it exists, and is not accepted everywhere yet where it has to be;
 * - `published`: the backing service accepts it, no client's task uses it;
 * - `active`: a client's task uses it. During a promotion that is two generations;
 * - `retiring`: no task uses it any more, and it is still accepted or stored;
 * - `revoked`: it is gone everywhere, or was never there.
 */
export type Phase = "staged" | "published" | "active" | "retiring" | "revoked";

/** What a phase is derived from. */
export type Stage = Pick<Situation, "rotation" | "declared" | "facts">;

/** The phase of one generation, from what is declared and what is observed. */
export function phaseOf(generation: number, stage: Stage): Phase {
  const { declared, facts } = stage;
  if (isUsed(generation, stage)) return "active";
  if (!declared.live.includes(generation)) return found(facts).includes(generation) ? "retiring" : "revoked";
  // A number below the active one was active before: the way back to it is a rollback, not a promotion.
  if (generation < declared.active) return "retiring";
  return isPublished(generation, stage) ? "published" : "staged";
}

/** The phase of every generation that is declared or found anywhere, ascending by generation. */
export function phasesOf(stage: Stage): ReadonlyMap<number, Phase> {
  const generations = ascending([...stage.declared.live, ...found(stage.facts)]);
  return new Map(generations.map((generation) => [generation, phaseOf(generation, stage)]));
}

/** Used by a client's task; where a secret has acceptors only (an administrative one), by them as soon as they may. */
function isUsed(generation: number, stage: Stage): boolean {
  const users = clients(stage.facts);
  if (users.length === 0) return stage.declared.active === generation && isPublished(generation, stage);
  return users.some(({ tasks }) => tasks.some(({ held }) => held.active === generation));
}

function isPublished(generation: number, { rotation, facts }: Stage): boolean {
  if (!facts.stored.includes(generation)) return false;
  if (facts.accepted !== undefined && !facts.accepted.includes(generation)) return false;
  const { acceptedBy } = strategies[rotation.strategy];
  if (acceptedBy === "nobody") return true;
  if (acceptedBy === "clients") return knownToAll(facts, generation);
  return facts.services
    .filter(({ role }) => role === "backing")
    .every(({ tasks }) => tasks.length > 0 && tasks.every(({ held }) => held.live.includes(generation)));
}

/** Every generation that the store, the backing service or a running task still has. */
function found({ stored, accepted, services }: SecretFacts): readonly number[] {
  const held = services.flatMap(({ tasks }) => tasks.flatMap((task) => task.held.live));
  return ascending([...stored, ...(accepted ?? []), ...held]);
}
