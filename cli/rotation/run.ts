import { setTimeout as sleep } from "node:timers/promises";
import type { SecretName } from "../../components/catalog/grants.ts";
import { applyTo, describeChange } from "../../components/rotation/edits.ts";
import { goalOf, hasComeTo, next, type Goal, type Situation, type Step } from "../../components/rotation/machine.ts";
import { formatDuration } from "../../components/rotation/schedule.ts";
import type { Reason } from "../../components/rotation/settled.ts";
import { appendAudit, type AuditEvent } from "../audit.ts";
import { OperatorError } from "../error.ts";
import type { StackContext } from "../stack.ts";
import { editDeclared } from "./declared.ts";
import { look, situationOf, type World } from "./situation.ts";
import type { Times } from "../../components/secrets/rotation.ts";
import { Updates, type Change } from "./update.ts";

/** What to do, to which secrets. */
export interface RunOptions {
  readonly context: StackContext;
  readonly secrets: readonly SecretName[];
  readonly command: Goal["kind"];
  readonly times: Times;
  readonly reason: string;
  /** Stop after this step: the operator goes on by running the command again. */
  readonly until?: "publish" | "promote" | "retire";
  /** Pauses up to this many milliseconds are waited for; a longer one ends the run, to be taken up again. */
  readonly patience: number;
  /** How long tasks may take to report, in milliseconds. */
  readonly reportTimeout: number;
  readonly report: (line: string) => void;
  readonly onChange?: (change: Change) => void;
}

/** How far each secret got. */
export interface Progress {
  readonly secret: SecretName;
  readonly outcome: "done" | "waiting";
  /** Steps that this run made, in order. */
  readonly steps: readonly { readonly action: string; readonly summary: string; readonly seconds: number }[];
  /** For `waiting`: when to run the command again, and why. */
  readonly until?: Date;
  readonly why?: string;
}

/** How often tasks that have not reported yet are looked at, in milliseconds. */
const lookEvery = 250;

/**
 * Works every secret towards its goal, all of them in the same updates: edit the declaration, run the update, wait for
 * the reports, go on. It keeps no memory: after any crash, the same call continues from what is declared and what runs.
 *
 * @throws OperatorError if a step is refused, an update fails, or a task does not report in time: names which
 */
export async function run(options: RunOptions): Promise<readonly Progress[]> {
  const { context, times } = options;
  const updates = new Updates(context, options.report, options.command === "revoke");
  const first = await look(context);
  const goals = new Map(
    options.secrets.map((secret) => [secret, goalOf(options.command, situationOf(secret, first, times, new Date()))]),
  );
  const progress = new Map<SecretName, Progress>(
    options.secrets.map((secret) => [secret, { secret, outcome: "waiting", steps: [] }]),
  );
  for (let tasksSince = Date.now(), world = first; ; world = await look(context)) {
    const round = nextRound(goals, progress, world, options);
    const steps = round.steps.filter(({ step }) => !isBeyond(step.action, options.until));
    if (steps.length > 0) {
      await makeSteps(steps, progress, updates, options);
      tasksSince = Date.now();
    } else if (round.tasks.length > 0) {
      if (Date.now() - tasksSince > options.reportTimeout) throw stuck(round.tasks, options);
      await sleep(lookEvery);
    } else if (round.until !== undefined && round.until.getTime() - Date.now() <= options.patience) {
      await sleep(Math.max(0, round.until.getTime() - Date.now()));
    } else break;
  }
  return [...progress.values()];
}

/** The steps of a rotation in their order; what others do again, or take back, is beyond none. */
const order: Readonly<Partial<Record<Step["action"], number>>> = { publish: 1, promote: 2, retire: 3 };

/** Whether a step comes after the one to stop at: the same command, run again after it got there, goes no further. */
const isBeyond = (action: Step["action"], until: RunOptions["until"]): boolean =>
  until !== undefined && (order[action] ?? 0) > (order[until] ?? Infinity);

interface Planned {
  readonly secret: SecretName;
  readonly step: Step;
  readonly situation: Situation;
}

/** What can be done now. Nothing is left to do when there are no steps, no tasks to wait for, and no time. */
interface Round {
  readonly steps: readonly Planned[];
  readonly tasks: readonly Reason[];
  readonly until?: Date;
}

function nextRound(
  goals: ReadonlyMap<SecretName, Goal>,
  progress: Map<SecretName, Progress>,
  world: World,
  { times, until: last }: RunOptions,
): Round {
  const now = new Date();
  const steps: Planned[] = [];
  const tasks: Reason[] = [];
  const moments: Date[] = [];
  for (const [secret, goal] of goals) {
    const situation = situationOf(secret, world, times, now);
    const step = next(goal, situation);
    const before = progress.get(secret) ?? { secret, outcome: "waiting", steps: [] };
    if (step.kind === "done") progress.set(secret, { secret, outcome: "done", steps: before.steps });
    else if (step.kind === "step") steps.push({ secret, step, situation });
    else {
      const unsettled = step.reasons.filter(({ kind }) => kind === "task" || kind === "update");
      tasks.push(...unsettled);
      // What is left to wait for is for a step beyond the last one. Another secret may not be there yet.
      if (last !== undefined && unsettled.length === 0 && hasComeTo(last, goal, situation.declared)) continue;
      refuseOperatorReasons(step.reasons);
      const until = latest(step.reasons);
      const why = step.reasons.map(({ message }) => message).join("; ");
      progress.set(secret, { ...before, outcome: "waiting", why, ...(until === undefined ? {} : { until }) });
      if (until !== undefined) moments.push(until);
    }
  }
  moments.sort((a, b) => a.getTime() - b.getTime());
  return { steps, tasks, ...(moments[0] === undefined ? {} : { until: moments[0] }) };
}

async function makeSteps(
  planned: readonly Planned[],
  progress: Map<SecretName, Progress>,
  updates: Updates,
  options: RunOptions,
): Promise<void> {
  const { context, report } = options;
  const began = Date.now();
  const changes = planned.map(({ secret, step, situation }) => {
    const after = applyTo(secret, situation.declared, step.edits);
    return {
      secret,
      action: step.action,
      summary: describeChange(secret, situation.declared, after),
      situation,
      after,
    };
  });
  for (const { action, summary } of changes) report(`${action.padEnd(8)} ${summary}`);
  const log = (outcome: AuditEvent["outcome"]) =>
    appendAudit(
      context.auditFile,
      changes.map(({ secret, action, situation, after }) => ({
        stack: context.stack,
        secret,
        action,
        outcome,
        before: JSON.stringify(situation.declared),
        after: JSON.stringify(after),
        reason: options.reason,
        highest: Math.max(
          situation.facts.highest ?? 0,
          ...situation.facts.stored,
          // A new number is taken once it stands for a value: an update that never began must be free to try again.
          ...(outcome === "done" ? after.live : []),
        ),
      })),
      new Date(),
    );
  await log("started");
  try {
    const edits = planned.flatMap(({ step }) => step.edits);
    if (edits.length > 0) await editDeclared(context.configFile, edits);
    await updates.run(options.onChange ?? (() => undefined));
  } catch (error) {
    await log("failed");
    throw error;
  }
  await log("done");
  const seconds = (Date.now() - began) / 1000;
  for (const { secret, action, summary } of changes) {
    const before = progress.get(secret)?.steps ?? [];
    progress.set(secret, { secret, outcome: "waiting", steps: [...before, { action, summary, seconds }] });
  }
}

function refuseOperatorReasons(reasons: readonly Reason[]): void {
  const refused = reasons.filter(({ kind }) => kind === "operator");
  if (refused.length > 0) throw new OperatorError(refused.map(({ message }) => message).join("\n"));
}

function latest(reasons: readonly Reason[]): Date | undefined {
  const times = reasons.flatMap((reason) => (reason.kind === "time" ? [reason.until.getTime()] : []));
  return times.length === 0 ? undefined : new Date(Math.max(...times));
}

function stuck(reasons: readonly Reason[], { reportTimeout, command, secrets }: RunOptions): OperatorError {
  const lines = reasons.map(({ message }) => `  - ${message}`).join("\n");
  return new OperatorError(
    `after ${formatDuration(reportTimeout)} not every consumer reports what is declared; the old generation stays:\n${lines}\n` +
      `see why (docker service logs), then run the same command again, or take it back: ` +
      `goimg-secrets ${command === "rollback" ? "status" : `rollback ${secrets.join(" ")}`}`,
  );
}
