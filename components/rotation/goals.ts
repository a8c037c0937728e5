import { applyTo, type Edit } from "./edits.ts";
import { inUse } from "./facts.ts";
import { InvalidGenerations, maxLive, type Generations } from "./generations.ts";
import type { Action, Blocked, Next, Situation, Step, Wait } from "./machine.ts";
import { graceReasons, promotionReasons, publicationReasons, unsettledReasons, type Reason } from "./settled.ts";
import { publishesBeforeUse, replacesInOneUpdate, strategies, type Rotation } from "./strategies.ts";

/** Generations that clients use and that the declaration has dropped too early: they can still be taken back. */
export function cutOff({ rotation, declared, facts }: Omit<Situation, "now">): readonly number[] {
  if (declared.live.length === 0 || (declared.revoking === true && replacesInOneUpdate(rotation))) return [];
  return inUse(facts).filter((generation) => !declared.live.includes(generation) && facts.stored.includes(generation));
}

/** Declares again what clients use, where there is room for it. */
export function restoreStep(situation: Situation): Next | undefined {
  const { rotation, declared } = situation;
  const cut = cutOff(situation);
  const limit = declared.revoking === true ? maxLive.revoking : maxLive.rotating;
  if (cut.length === 0 || declared.live.length + cut.length > limit) return undefined;
  return step(
    situation,
    "restore",
    cut.map((generation) => publish(rotation.secret, generation)),
  );
}

/** Publish the target, promote it, retire the others. */
export function rotateStep(target: number, situation: Situation): Next {
  const { rotation, declared, facts, now } = situation;
  const { secret } = rotation;
  if (declared.revoking === true) return blocked([emergency(secret)]);
  const unsettled = whenUnsettled(situation);
  if (declared.live.includes(target)) {
    if (declared.active !== target) {
      if (unsettled !== undefined) return unsettled;
      const reasons = promotionReasons(rotation, facts, target, now);
      return step(situation, "promote", [promote(secret, target)], reasons);
    }
    const others = othersThan(target, declared);
    if (others.length === 0) return unsettled ?? { kind: "done" };
    if (unsettled !== undefined) return unsettled;
    const reasons = others.flatMap((generation) => graceReasons(rotation, facts, generation, now, rotation.grace));
    return step(situation, "retire", dropAll(secret, others), reasons);
  }
  if (declared.live.length > 1) return blocked([unfinished(secret, declared)]);
  if (unsettled !== undefined) return unsettled;
  const reasons = publicationReasons(rotation, facts, target);
  return strategies[rotation.strategy].publishesFirst
    ? step(situation, "publish", [publish(secret, target)], reasons)
    : step(situation, "promote", [publish(secret, target), promote(secret, target)], reasons);
}

/** Make the older generation active again, at once; then take the newer one away. */
export function rollbackStep(target: number, situation: Situation): Next {
  const { rotation, declared, facts, now } = situation;
  const { secret } = rotation;
  if (!declared.live.includes(target)) {
    const message = `generation ${target} of ${secret} is retired: rotate to a new one instead`;
    return blocked([{ kind: "operator", message }]);
  }
  // Not waiting for a half-done deploy is the point: it may be the very one that can't get through.
  if (declared.active !== target) return step(situation, "rollback", [promote(secret, target)]);
  const unsettled = whenUnsettled(situation);
  const others = othersThan(target, declared);
  if (others.length === 0) return unsettled ?? { kind: "done" };
  // A published generation that nothing ever used can go although its own deploy never got through.
  const used = inUse(facts).some((generation) => others.includes(generation));
  if (unsettled !== undefined && used) return unsettled;
  const reasons = others.flatMap((generation) => graceReasons(rotation, facts, generation, now, 0));
  return step(situation, "abandon", [...dropAll(secret, others), ...finish(secret, declared)], reasons);
}

/** Bring the target, move every client to it and take the leaked generations away: no grace, no waiting for caches. */
export function revokeStep(target: number, leaked: readonly number[], situation: Situation): Next {
  const { rotation, declared, facts } = situation;
  const { secret } = rotation;
  const present = declared.live.filter((generation) => leaked.includes(generation));
  const atOnce = replacesInOneUpdate(rotation);
  const idle = idleGenerations(target, present, situation);
  if (idle.length > 0) {
    const last = declared.active === target ? finish(secret, declared) : [];
    return step(situation, "revoke", [...dropAll(secret, idle), ...last]);
  }

  if (declared.active !== target) {
    const fresh = !declared.live.includes(target);
    const added: Edit[] = [
      ...(fresh ? [publish(secret, target)] : []),
      ...(declared.urgent === target ? [] : [{ kind: "urgent", secret, generation: target } as const]),
    ];
    const reasons = fresh ? publicationReasons(rotation, facts, target) : [];
    if (atOnce) {
      const edits = [...added, ...begin(secret, declared), promote(secret, target), ...dropAll(secret, present)];
      return step(situation, "revoke", edits, reasons);
    }
    if (fresh) {
      return step(situation, "promote", [...begin(secret, declared), ...added, promote(secret, target)], reasons);
    }
    return whenUnsettled(situation) ?? step(situation, "promote", [...added, promote(secret, target)]);
  }
  const unsettled = whenUnsettled(situation);
  if (unsettled !== undefined) return unsettled;
  const end = finish(secret, declared);
  if (present.length > 0) return step(situation, "revoke", [...dropAll(secret, present), ...end]);
  return end.length > 0 ? step(situation, "revoke", end) : { kind: "done" };
}

/**
 * Generations to drop before anything else in an emergency: leaked ones that nobody uses, and, where the backing
 * service has no slot left for a new key, any that nobody uses.
 */
function idleGenerations(
  target: number,
  leaked: readonly number[],
  { rotation, declared, facts }: Situation,
): readonly number[] {
  const used = inUse(facts);
  const { slots } = strategies[rotation.strategy];
  const full = slots !== undefined && !declared.live.includes(target) && declared.live.length >= slots;
  return declared.live.filter(
    (generation) =>
      generation !== declared.active &&
      generation !== target &&
      !used.includes(generation) &&
      (full || leaked.includes(generation)),
  );
}

/** The step to make while what is declared is not what runs: carry it out, or wait until the orchestrator has. */
export function whenUnsettled({ rotation, declared, facts }: Situation): Next | undefined {
  const reasons = unsettledReasons(rotation, declared, facts);
  if (reasons.length === 0) return undefined;
  if (reasons.some(({ kind }) => kind !== "deploy")) return blocked(reasons);
  return { kind: "step", action: "deploy", edits: [], waitFor: waits(rotation, declared) };
}

function step(
  { rotation, declared }: Situation,
  action: Action,
  edits: readonly Edit[],
  reasons: readonly Reason[] = [],
): Step | Blocked {
  if (reasons.length > 0) return blocked(reasons);
  try {
    const after = applyTo(rotation.secret, declared, edits);
    return { kind: "step", action, edits, waitFor: waits(rotation, after, action) };
  } catch (error) {
    // There is no room for the step: what was declared by hand has to make some first.
    if (!(error instanceof InvalidGenerations)) throw error;
    return blocked(error.problems.map((message) => ({ kind: "operator", message })));
  }
}

/** What the step's update leads to: its reports, then the pause that the step after it needs. */
function waits(rotation: Rotation, after: Generations, action?: Action): Wait[] {
  const reports: Wait = { kind: "reports", live: after.live, active: after.active };
  const pauses: Wait[] = [];
  if (action === "publish" && publishesBeforeUse(rotation)) {
    pauses.push({ kind: "pause", milliseconds: rotation.jwksCache, why: "caches of the JWKS expire" });
  }
  if (action === "promote" && after.revoking !== true) {
    const milliseconds = publishesBeforeUse(rotation)
      ? Math.max(rotation.grace, rotation.tokenLifetime)
      : rotation.grace;
    pauses.push({ kind: "pause", milliseconds, why: "the old generation stays accepted for the grace period" });
  }
  return [reports, ...pauses];
}

const blocked = (reasons: readonly Reason[]): Blocked => ({ kind: "blocked", reasons });
const publish = (secret: string, generation: number): Edit => ({ kind: "publish", secret, generation });
const promote = (secret: string, generation: number): Edit => ({ kind: "promote", secret, generation });
const dropAll = (secret: string, generations: readonly number[]): Edit[] =>
  generations.map((generation) => ({ kind: "drop", secret, generation }));
const begin = (secret: string, { revoking }: Generations): Edit[] =>
  revoking === true ? [] : [{ kind: "revoking", secret, on: true }];
const finish = (secret: string, { revoking }: Generations): Edit[] =>
  revoking === true ? [{ kind: "revoking", secret, on: false }] : [];
const othersThan = (target: number, { live }: Generations): readonly number[] =>
  live.filter((generation) => generation !== target);

const unfinished = (secret: string, { live }: Generations): Reason => ({
  kind: "operator",
  message:
    `generations ${live.join(" and ")} of ${secret} are live: finish that rotation (goimg-secrets rotate ${secret}) ` +
    `or take it back (goimg-secrets rollback ${secret}) first`,
});

const emergency = (secret: string): Reason => ({
  kind: "operator",
  message: `an emergency is under way: finish it first (goimg-secrets revoke ${secret})`,
});
