import type { Generations } from "./generations.ts";

/**
 * What was observed of one secret, as plain data: the Swarm's services and tasks (or another orchestrator's), the
 * store, and what the consumers and the jobs report. The rotation's modules never look anything up themselves.
 */

/** The generations that a spec mounts, or that a task reports. */
export interface Held {
  readonly live: readonly number[];
  readonly active: number;
}

/** One running task: its container exists, whatever the orchestrator wants of it. */
export interface TaskFact {
  readonly task: string;
  /** What its own spec mounts, and what its readiness report says; where they differ, the report. */
  readonly held: Held;
  /** When it began to hold this. */
  readonly since: Date;
}

/**
 * One service that was granted the secret.
 *
 * - `client` logs in with the active generation: a change of it must not cut it off.
 * - `backing` accepts credentials: a server or the job that tells the server which ones to accept.
 */
export interface ServiceFact {
  readonly service: string;
  readonly role: "client" | "backing";
  /** `settled`: no update is under way. A rolled back update is settled too, at the old spec. */
  readonly update: "settled" | "updating" | "rollingBack" | "paused";
  readonly spec: Held;
  /** Where a failure of the update under way leads back to. */
  readonly rollbackTo?: Held;
  readonly tasks: readonly TaskFact[];
}

/** Everything observed of one secret. */
export interface SecretFacts {
  /** Generations with an entry in the store: created first, deleted last, so none is live anywhere without one. */
  readonly stored: readonly number[];
  /** Generations that the backing service says it accepts; left out where it can't be asked. */
  readonly accepted?: readonly number[];
  readonly services: readonly ServiceFact[];
  /** The highest generation that ever existed (audit log): numbers are not used twice. */
  readonly highest?: number;
  /** When every client's task first held a generation; from the tasks' own times when left out. */
  readonly knownSince?: Readonly<Record<number, Date>>;
  /** Since when no client's task uses a generation; from the tasks' own times when left out. */
  readonly unusedSince?: Readonly<Record<number, Date>>;
  /** For third-party values: generations supplied in the stack's config, and those that the provider refused. */
  readonly external?: { readonly supplied: readonly number[]; readonly refused: readonly number[] };
}

/** The highest number that is known to have existed: in the store, or in the audit log; 0 for none. */
export const highestOf = ({ stored, highest }: SecretFacts): number => Math.max(0, highest ?? 0, ...stored);

/** The services that log in with the secret. */
export const clients = (facts: SecretFacts): readonly ServiceFact[] =>
  facts.services.filter(({ role }) => role === "client");

/** Everything a service holds now or may hold again without anyone's doing: tasks, spec, rollback target. */
export function holdings({ spec, rollbackTo, tasks }: ServiceFact): readonly Held[] {
  return [spec, ...(rollbackTo === undefined ? [] : [rollbackTo]), ...tasks.map(({ held }) => held)];
}

/** Generations that clients use, or would use again after a rollback; ascending. */
export function inUse(facts: SecretFacts): readonly number[] {
  const used = clients(facts).flatMap((service) => holdings(service).map(({ active }) => active));
  return ascending(used.filter((generation) => generation > 0));
}

/** Whether every running client task holds the generation; false when there is none. */
export function knownToAll(facts: SecretFacts, generation: number): boolean {
  const tasks = clients(facts).flatMap((service) => service.tasks);
  return tasks.length > 0 && tasks.every(({ held }) => held.live.includes(generation));
}

/** The moment from which the clients' tasks are what they are now: the start of the youngest. */
export function tasksSince(facts: SecretFacts): Date | undefined {
  const times = clients(facts).flatMap((service) => service.tasks.map(({ since }) => since.getTime()));
  return times.length === 0 ? undefined : new Date(Math.max(...times));
}

/** Distinct numbers, ascending. */
export const ascending = (numbers: readonly number[]): readonly number[] => [...new Set(numbers)].sort((a, b) => a - b);

/** Whether two lists of generations, or a spec and a declaration, say the same. */
export const sameHeld = (left: Held | Generations, right: Held | Generations): boolean =>
  left.active === right.active && sameNumbers(left.live, right.live);

/** Whether both hold the same numbers, in whatever order. */
export function sameNumbers(left: readonly number[], right: readonly number[]): boolean {
  const [a, b] = [ascending(left), ascending(right)];
  return a.length === b.length && a.every((number, index) => number === b[index]);
}
