import { ascending, clients, highestOf, holdings, inUse, type SecretFacts } from "./facts.ts";
import { maxLive, type Generations } from "./generations.ts";
import { publishesBeforeUse, replacesInOneUpdate, strategies, type Rotation } from "./strategies.ts";

/**
 * Why the declaration can't be deployed onto what runs now, each with the fix; none means that `pulumi up` is safe.
 *
 * A valid declaration may still be one that can't be reached in a single update. This check needs no memory of earlier
 * declarations: what runs is asked, so it holds after crashes, failed updates and edits by hand. It must run before the
 * first change of an update.
 */
export function unsafeReasons(rotation: Rotation, declared: Generations, facts: SecretFacts): string[] {
  return [
    ...droppedInUse(rotation, declared, facts),
    ...usedBeforeKnown(rotation, declared, facts),
    ...lockedOut(rotation, declared, facts),
    ...tooMany(rotation, declared, facts),
    ...reusedNumbers(rotation, declared, facts),
  ];
}

/** Promote and retire are separate updates: what clients use, or would roll back to, stays declared. */
function droppedInUse(rotation: Rotation, declared: Generations, facts: SecretFacts): string[] {
  // Switching a feature off is meant to end its use.
  if (declared.live.length === 0) return [];
  if (declared.revoking === true && replacesInOneUpdate(rotation)) return [];
  const { secret } = rotation;
  return inUse(facts)
    .filter((generation) => !declared.live.includes(generation))
    .map(
      (generation) =>
        `${secret}: generation ${generation} is used by ${usersOf(generation, facts)} and not declared live; ` +
        `keep it in live until every task uses ${declared.active}, then drop it in an update of its own ` +
        `(goimg-secrets rotate ${secret}; if it has leaked, goimg-secrets revoke ${secret})`,
    );
}

/** Publish, then sign: where clients check each other's credentials, all must know one before any uses it, but in an emergency. */
function usedBeforeKnown(rotation: Rotation, declared: Generations, facts: SecretFacts): string[] {
  if (!publishesBeforeUse(rotation) || declared.live.length === 0 || declared.revoking === true) return [];
  const { active } = declared;
  const unaware = clients(facts).filter((service) =>
    holdings(service).some((held) => held.live.length > 0 && !held.live.includes(active)),
  );
  if (unaware.length === 0) return [];
  return [
    `${rotation.secret}: generation ${active} is declared active and not yet known to every task of ` +
      `${unaware.map(({ service }) => service).join(", ")}; deploy it as live first, with the present one active`,
  ];
}

/** What is still stored may still be accepted: a new generation waits until there is room for it. */
function tooMany(rotation: Rotation, declared: Generations, facts: SecretFacts): string[] {
  const present = [...facts.stored, ...(facts.accepted ?? [])];
  const added = declared.live.filter((generation) => !present.includes(generation));
  const all = ascending([...present, ...declared.live]);
  const { slots = Infinity } = strategies[rotation.strategy];
  const limit = Math.min(slots, declared.revoking === true ? maxLive.revoking : maxLive.rotating);
  if (added.length === 0 || all.length <= limit) return [];
  return [
    `${rotation.secret}: with generation ${added.join(", ")} there would be ${all.length} at the same time ` +
      `(${all.join(", ")}), at most ${limit} are allowed; drop one in an update of its own first`,
  ];
}

/** A job that logs in with what it rotates keeps a generation that it got accepted the last time it finished. */
function lockedOut({ secret, administrative }: Rotation, declared: Generations, facts: SecretFacts): string[] {
  if (administrative !== true || declared.live.length === 0) return [];
  const dropped = facts.stored.filter((generation) => !declared.live.includes(generation));
  return facts.services
    .filter(({ role }) => role === "backing")
    .filter(({ update, spec, tasks }) => {
      // Nothing is known of a job that has not finished but that one of what it was given is accepted.
      const finished = update === "settled" && tasks.length > 0;
      if (!finished) return dropped.length > 0 && !spec.live.every((generation) => declared.live.includes(generation));
      return !tasks.every(({ held }) => held.live.some((generation) => declared.live.includes(generation)));
    })
    .map(
      ({ service }) =>
        `${secret}: ${service} logs in with it, and has not got ${declared.live.join(", ")} accepted yet; ` +
        `keep ${dropped.join(", ")} in live until it has`,
    );
}

/** A number stands for one value for ever: caches, roles and reports know generations by their numbers. */
function reusedNumbers(rotation: Rotation, declared: Generations, facts: SecretFacts): string[] {
  // An empty store is a first deployment or a restored stack: its numbers are the declared ones.
  if (facts.stored.length === 0) return [];
  const highest = highestOf(facts);
  return declared.live
    .filter((generation) => !facts.stored.includes(generation) && generation <= highest)
    .map(
      (generation) =>
        `${rotation.secret}: generation ${generation} is retired and its number is not used again; ` +
        `the next new one is ${highest + 1}`,
    );
}

const usersOf = (generation: number, facts: SecretFacts): string =>
  clients(facts)
    .filter((service) => holdings(service).some(({ active }) => active === generation))
    .map(({ service }) => service)
    .join(", ");
