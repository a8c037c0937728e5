import { clients, knownToAll, sameHeld, sameNumbers, tasksSince, type SecretFacts, type ServiceFact } from "./facts.ts";
import type { Generations } from "./generations.ts";
import { expectedOf, publishesBeforeUse, type Rotation } from "./strategies.ts";

/** Why the next edit can't be made yet, for people (`message`) and for programs (the rest). */
export type Reason =
  /** What is declared has not been carried out: `pulumi up` (again) does it. */
  | { readonly kind: "deploy"; readonly message: string; readonly service?: string }
  /** The orchestrator is still at it: wait for its event. */
  | { readonly kind: "update"; readonly message: string; readonly service: string }
  /** A task does not report what its service's spec says. */
  | { readonly kind: "task"; readonly message: string; readonly service: string; readonly task: string }
  /** Nothing but time is missing. */
  | { readonly kind: "time"; readonly message: string; readonly until: Date }
  /** A person has to do something else first. */
  | { readonly kind: "operator"; readonly message: string };

/** Why what runs is not what is declared; none means that the last update is carried out everywhere. */
export function unsettledReasons(rotation: Rotation, declared: Generations, facts: SecretFacts): Reason[] {
  const services = facts.services.flatMap((service) => unsettledService(rotation, declared, service));
  // A store or a server that lags behind while a service still rolls is the same update, on its way.
  if (services.some(({ kind }) => kind !== "deploy")) return services;
  const { secret } = rotation;
  const places = [
    { place: "the store has", found: facts.stored },
    { place: "the backing service accepts", found: facts.accepted ?? declared.live },
  ];
  return [
    ...services,
    ...places
      .filter(({ found }) => !sameNumbers(found, declared.live))
      .map(({ place, found }): Reason => ({
        kind: "deploy",
        message: `${place} generations ${list(found)} of ${secret}, declared are ${list(declared.live)}`,
      })),
  ];
}

function unsettledService(rotation: Rotation, declared: Generations, facts: ServiceFact): Reason[] {
  const { secret } = rotation;
  const { service, update, spec, tasks } = facts;
  const expected = expectedOf(rotation, service, declared);
  if (update === "paused") {
    return [{ kind: "deploy", service, message: `the update of ${service} is paused: a task did not become healthy` }];
  }
  if (update !== "settled") {
    const what = update === "updating" ? "is updating" : "is rolling back";
    return [{ kind: "update", service, message: `${service} ${what}` }];
  }
  if (!sameHeld(spec, expected)) {
    const message =
      `${service} is deployed with generations ${list(spec.live)} of ${secret} (active ${spec.active}), due are ` +
      `${list(expected.live)} (active ${expected.active}): the update did not get there, or was rolled back`;
    return [{ kind: "deploy", service, message }];
  }
  if (tasks.length === 0) return [{ kind: "update", service, message: `${service} has no running task` }];
  return tasks
    .filter(({ held }) => !sameHeld(held, expected))
    .map(({ task, held }): Reason => ({
      kind: "task",
      service,
      task,
      message:
        `task ${task} of ${service} reports generations ${list(held.live)} of ${secret} (active ${held.active}), ` +
        `due are ${list(expected.live)} (active ${expected.active})`,
    }));
}

/** Why a published generation can't be used yet. */
export function promotionReasons(
  rotation: Rotation,
  facts: SecretFacts,
  generation: number,
  now: Date,
): readonly Reason[] {
  if (!publishesBeforeUse(rotation)) return [];
  if (clients(facts).length > 0 && !knownToAll(facts, generation)) {
    const message = `generation ${generation} of ${rotation.secret} is not known to every task yet`;
    return [{ kind: "deploy", message }];
  }
  return pending(facts.knownSince?.[generation] ?? tasksSince(facts), rotation.jwksCache, now, (until) => ({
    kind: "time",
    until,
    message: `caches of the JWKS may not have generation ${generation} of ${rotation.secret} before ${until.toISOString()}`,
  }));
}

/** Why a generation that no client uses any more has to stay accepted. `grace` in milliseconds. */
export function graceReasons(
  rotation: Rotation,
  facts: SecretFacts,
  generation: number,
  now: Date,
  grace: number,
): readonly Reason[] {
  const wait = publishesBeforeUse(rotation) ? Math.max(grace, rotation.tokenLifetime) : grace;
  return pending(facts.unusedSince?.[generation] ?? tasksSince(facts), wait, now, (until) => ({
    kind: "time",
    until,
    message: `generation ${generation} of ${rotation.secret} stays accepted until ${until.toISOString()}`,
  }));
}

/** Why a new generation can't be made. */
export function publicationReasons(rotation: Rotation, facts: SecretFacts, generation: number): readonly Reason[] {
  const { secret } = rotation;
  const reasons: Reason[] = [];
  if (facts.external !== undefined && !facts.external.supplied.includes(generation)) {
    const message =
      `generation ${generation} of ${secret} has no value: get a new one from its issuer, then pipe it to ` +
      `goimg-secrets rotate ${secret} --value-stdin`;
    reasons.push({ kind: "operator", message });
  }
  if (facts.external?.refused.includes(generation) === true) {
    const message = `generation ${generation} of ${secret} was refused by its issuer: the present one stays`;
    reasons.push({ kind: "operator", message });
  }
  return reasons;
}

function pending(since: Date | undefined, wait: number, now: Date, reason: (until: Date) => Reason): readonly Reason[] {
  // Without a running client there is nobody to wait for.
  if (since === undefined || wait === 0) return [];
  const until = new Date(since.getTime() + wait);
  return until.getTime() > now.getTime() ? [reason(until)] : [];
}

const list = (generations: readonly number[]): string => (generations.length === 0 ? "none" : generations.join(", "));
