import { applyTo, describeChange, type Edit } from "./edits.ts";
import { ascending, highestOf, type SecretFacts, type ServiceFact } from "./facts.ts";
import type { Generations } from "./generations.ts";
import { cutOff, restoreStep, revokeStep, rollbackStep, rotateStep, whenUnsettled } from "./goals.ts";
import { unsafeReasons } from "./guard.ts";
import type { Reason } from "./settled.ts";
import { expectedOf, type Rotation } from "./strategies.ts";

/** What an operator wants of one secret. It is worked towards in steps, and can be taken up again after any crash. */
export type Goal =
  | { readonly kind: "rotate"; readonly target: number }
  | { readonly kind: "rollback"; readonly target: number }
  | { readonly kind: "revoke"; readonly target: number; readonly leaked: readonly number[] };

/**
 * What one step does. `deploy` edits nothing: what is declared has to be carried out (again). `restore` takes back an edit
 * that dropped what clients use, which the guard refuses to deploy.
 */
export type Action = "publish" | "promote" | "retire" | "rollback" | "abandon" | "revoke" | "deploy" | "restore";

/** What to wait for after a step's update, before the next is asked for. */
export type Wait =
  /** Every running task of every service that was granted the secret reports exactly this. */
  | { readonly kind: "reports"; readonly live: readonly number[]; readonly active: number }
  /** Then this long, in milliseconds: the grace period, or the lifetime of JWKS caches. */
  | { readonly kind: "pause"; readonly milliseconds: number; readonly why: string };

/** One step: edit the declaration, run the update, wait. */
export interface Step {
  readonly kind: "step";
  readonly action: Action;
  readonly edits: readonly Edit[];
  readonly waitFor: readonly Wait[];
}

/** The next step can't be made yet, or not at all; every reason at once. */
export interface Blocked {
  readonly kind: "blocked";
  readonly reasons: readonly Reason[];
}

/** The goal is reached. */
export interface Done {
  readonly kind: "done";
}

export type Next = Step | Blocked | Done;

/** Everything `next` looks at. */
export interface Situation {
  readonly rotation: Rotation;
  readonly declared: Generations;
  readonly facts: SecretFacts;
  readonly now: Date;
}

/** The next number of a secret: no number is used twice. */
export const nextGeneration = (declared: Generations, facts: SecretFacts): number =>
  Math.max(highestOf(facts), ...declared.live) + 1;

/**
 * The goal of an operator's command, taking up what an earlier one left unfinished.
 *
 * @param leaked for `revoke`: the generations that leaked; when left out, the one an unfinished `revoke` is about, or
 *   else the active one
 * @throws Error when there is nothing to roll back to, or the secret is switched off: says what to do instead
 */
export function goalOf(
  command: Goal["kind"],
  { rotation, declared, facts }: Pick<Situation, "rotation" | "declared" | "facts">,
  leaked: readonly number[] = presumedLeaked(declared),
): Goal {
  const { secret } = rotation;
  const { active } = declared;
  const live = ascending([...declared.live, ...cutOff({ rotation, declared, facts })]);
  if (declared.live.length === 0) throw new Error(`${secret} is switched off: declare a live generation first`);
  const fresh = nextGeneration(declared, facts);
  const newest = Math.max(...live);
  switch (command) {
    case "rotate":
      return { kind: "rotate", target: live.length > 1 || isRetiring(declared, facts) ? newest : fresh };
    case "rollback": {
      if (live.length === 1) {
        throw new Error(`${secret} has generation ${active} only: it can't be rolled back, run goimg-secrets rotate`);
      }
      return { kind: "rollback", target: Math.max(...live.filter((generation) => generation < newest)) };
    }
    case "revoke": {
      const safe = live.filter((generation) => generation >= active && !leaked.includes(generation));
      return { kind: "revoke", leaked, target: safe.at(0) ?? fresh };
    }
  }
}

/** Whether the declaration has come to a step of a rotation, or beyond it. An emergency and a way back have no steps to stop at. */
export function hasComeTo(step: "publish" | "promote" | "retire", goal: Goal, { live, active }: Generations): boolean {
  if (goal.kind !== "rotate" || !live.includes(goal.target)) return false;
  if (step === "publish") return true;
  return active === goal.target && (step === "promote" || live.length === 1);
}

/** A retirement that has not been carried out: going on with that rotation comes before a new one. */
export const isRetiring = ({ live, active }: Generations, { stored }: SecretFacts): boolean =>
  stored.some((generation) => generation < active && !live.includes(generation));

/** An emergency under way has the leaked generation as the active one, or, once promoted past, the one before it. */
function presumedLeaked({ live, active, revoking }: Generations): readonly number[] {
  if (revoking !== true || active !== live.at(-1)) return [active];
  return live.slice(-2, -1);
}

/**
 * The next step towards the goal, or why there is none.
 *
 * The answer depends on nothing but the arguments: asking again after a crash, a failed update or an edit by hand
 * gives the step that is right then. A step that would not be safe to deploy is never returned.
 */
export function next(goal: Goal, situation: Situation): Next {
  const proposed = propose(goal, situation);
  if (proposed.kind !== "step") return proposed;
  const { rotation, declared, facts } = situation;
  const after = applyTo(rotation.secret, declared, proposed.edits);
  const unsafe = unsafeReasons(rotation, after, facts);
  if (unsafe.length === 0) return proposed;
  // What an unfinished update has yet to do may be all that is in the way.
  const unfinished = proposed.action === "deploy" ? undefined : whenUnsettled(situation);
  if (unfinished !== undefined && unsafeReasons(rotation, declared, facts).length === 0) return unfinished;
  return { kind: "blocked", reasons: unsafe.map((message) => ({ kind: "operator", message })) };
}

function propose(goal: Goal, situation: Situation): Next {
  const restored = restoreStep(situation);
  if (restored !== undefined) return restored;
  switch (goal.kind) {
    case "rotate":
      return rotateStep(goal.target, situation);
    case "rollback":
      return rollbackStep(goal.target, situation);
    case "revoke":
      return revokeStep(goal.target, goal.leaked, situation);
  }
}

/** One reviewable step of a plan. */
export interface PlannedStep extends Step {
  readonly before: Generations;
  readonly after: Generations;
  /** The change in one line. */
  readonly summary: string;
}

/** A goal takes at most five steps; more would mean that two rules contradict each other. */
const mostSteps = 8;

/**
 * Every edit from here to the goal, as if each update went well and each wait were over.
 *
 * @throws Error when the goal can't be reached by edits alone: says why
 */
export function plan(goal: Goal, situation: Situation): readonly PlannedStep[] {
  const { rotation } = situation;
  const steps: PlannedStep[] = [];
  let { declared, facts } = situation;
  const now = new Date(8.64e15);
  while (steps.length < mostSteps) {
    facts = asDeployed(rotation, declared, facts);
    const step = next(goal, { rotation, declared, facts, now });
    if (step.kind === "done") return steps;
    if (step.kind === "blocked") throw new Error(step.reasons.map(({ message }) => message).join("; "));
    const after = applyTo(rotation.secret, declared, step.edits);
    steps.push({ ...step, before: declared, after, summary: describeChange(rotation.secret, declared, after) });
    declared = after;
  }
  throw new Error(`no way from live ${declared.live.join(", ")} to the goal of ${rotation.secret}`);
}

/** The facts as they are once the declaration is carried out everywhere. */
function asDeployed(rotation: Rotation, declared: Generations, facts: SecretFacts): SecretFacts {
  return {
    ...facts,
    stored: declared.live,
    ...(facts.accepted === undefined ? {} : { accepted: declared.live }),
    services: facts.services.map(({ service, role, tasks }): ServiceFact => {
      const held = expectedOf(rotation, service, declared);
      const running = tasks.length > 0 ? tasks : [{ task: "1", since: new Date(0) }];
      return {
        service,
        role,
        update: "settled",
        spec: held,
        tasks: running.map(({ task, since }) => ({ task, since, held })),
      };
    }),
    highest: nextGeneration(declared, facts) - 1,
  };
}
