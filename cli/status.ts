import Table from "cli-table3";
import { Command } from "commander";
import { consumersOf, findSecret, secretSpecs, type SecretName } from "../components/catalog/grants.ts";
import { phasesOf } from "../components/rotation/phases.ts";
import { addPeriod, due } from "../components/rotation/schedule.ts";
import { unsettledReasons } from "../components/rotation/settled.ts";
import { noPauses } from "../components/secrets/rotation.ts";
import { monthlyPrice, priceOfEntries } from "../components/stores/awsPrice.ts";
import { openAlerts, type Alerts } from "./alerts/alerts.ts";
import { copiesText, declaredRecipients } from "./backup/copies.ts";
import { milliseconds } from "./duration.ts";
import { OperatorError } from "./error.ts";
import { needsPlace } from "./place.ts";
import { look, presentSecrets, situationOf, type World } from "./rotation/situation.ts";
import { openStack, type StackContext } from "./stack.ts";
import { reportToTerminal as report } from "../toolchain/progress.ts";

/** One generation of one secret, as `status --json` prints it. */
export interface GenerationStatus {
  readonly generation: number;
  readonly phase: string;
  /** ISO 8601, UTC: when the store got it. */
  readonly createdAt: string;
  readonly ageDays: number;
}

/** One secret, as `status --json` prints it. Never holds a value. */
export interface SecretStatus {
  readonly secret: SecretName;
  readonly strategy: string;
  readonly active: number;
  readonly generations: readonly GenerationStatus[];
  /** ISO 8601, UTC: the moment at which the active generation is due, and whole days until then; negative when overdue. */
  readonly due: string;
  readonly inDays: number;
  readonly consumers: readonly {
    readonly service: string;
    readonly role: "client" | "backing";
    readonly tasks: readonly { readonly task: string; readonly live: readonly number[]; readonly active: number }[];
  }[];
  /** Why what runs is not what is declared. */
  readonly unsettled: readonly string[];
  /** Of a stack in AWS Secrets Manager, in US dollars: what this secret's entries cost, and the whole stack with its key. */
  readonly pricePerMonth?: { readonly secret: number; readonly stack: number };
}

/** `status`: which generation of what is where, and what is due. */
export function statusCommand(): Command {
  return new Command("status")
    .description("show each secret's generations, phases, age and due date, and what its consumers' tasks report")
    .option("--stack <name>", "the stack", "dev")
    .option(
      "--due-in <duration>",
      "show only what is due within that time (30d), for cron: exits 0 when nothing is, 1 when something is, 2 when it can't tell",
      milliseconds,
    )
    .option("--alert-file <file>", "with --due-in: a file (mode 0600) of webhooks and mail addresses that are told")
    .option("--json", "for machines")
    .action(async ({ stack, dueIn, json, alertFile }: Flags) => {
      const context = openStack(stack);
      needsPlace("status", context);
      const shown =
        dueIn === undefined
          ? await statusAt(context, new Date())
          : await dueWithin(context, dueIn, await openAlerts(context, alertFile, report));
      process.stdout.write(json === true ? `${JSON.stringify(shown)}\n` : `${table(shown)}\n`);
      if (json !== true && dueIn === undefined) process.stdout.write(`${await footer(context, shown)}\n`);
      if (dueIn !== undefined && shown.length > 0) process.exitCode = 1;
    });
}

/** What concerns the whole stack. */
async function footer({ place, configFile }: StackContext, [first]: readonly SecretStatus[]): Promise<string> {
  const copies = `copies of the database: ${copiesText(await declaredRecipients(configFile))}`;
  if (place !== "ecs") return copies;
  const price = first?.pricePerMonth === undefined ? [] : [`price per month: $${first.pricePerMonth.stack.toFixed(2)}`];
  return [copies, ...price, "by the state alone: ECS was not asked what its tasks run"].join("\n");
}

interface Flags {
  readonly stack: string;
  readonly dueIn?: number;
  readonly alertFile?: string;
  readonly json?: boolean;
}

/**
 * What is due at most that many milliseconds from now, overdue secrets among them; `alerts` is told of it, and when it can't be known.
 *
 * @throws OperatorError with the exit code 2: a look that failed must not pass for an answer
 */
async function dueWithin(
  context: StackContext,
  milliseconds: number,
  alerts: Alerts,
): Promise<readonly SecretStatus[]> {
  const now = new Date();
  try {
    const all = await statusAt(context, now);
    const found = all.filter(({ due: at }) => Date.parse(at) - now.getTime() <= milliseconds);
    if (found.length > 0) await alerts.send(dueText(found));
    return found;
  } catch (error) {
    await alerts.send(
      `what is due can't be told: ${error instanceof OperatorError ? error.message : "unexpected error"}`,
    );
    throw error instanceof OperatorError ? new OperatorError(error.message, 2) : error;
  }
}

function dueText(found: readonly SecretStatus[]): string {
  const lines = found.map(({ secret, active, due: at, inDays }) => {
    const { owner } = secretSpecs[secret];
    return `${secret}, generation ${active}: ${inDays < 0 ? "overdue since" : "due on"} ${at.slice(0, 10)} (owner: ${owner})`;
  });
  return [`${found.length} ${found.length === 1 ? "secret is" : "secrets are"} due`, ...lines].join("\n");
}

/** Looks, and gives the status of every secret, with its price where the store has one. */
async function statusAt(context: StackContext, now: Date): Promise<readonly SecretStatus[]> {
  const world = await look(context);
  const all = statusOf(world, now);
  return context.place === "ecs" ? priced(all, world.observed.secrets) : all;
}

/** The same with what they cost in AWS Secrets Manager. @param stored every generation that it has */
export function priced(
  all: readonly SecretStatus[],
  stored: readonly { readonly entry: string }[],
): readonly SecretStatus[] {
  const stack = monthlyPrice(stored).dollars;
  return all.map((one) => {
    const entries = new Set(stored.map(({ entry }) => entry).filter((entry) => findSecret(entry) === one.secret));
    return { ...one, pricePerMonth: { secret: priceOfEntries(entries.size), stack } };
  });
}

/** The status of every secret of a stack. */
export function statusOf(world: World, now: Date): readonly SecretStatus[] {
  return presentSecrets(world).map((secret) => {
    const { rotation, declared, facts } = situationOf(secret, world, noPauses, now);
    const spec = secretSpecs[secret];
    const createdAt = (generation: number): Date =>
      world.observed.secrets.find((stored) => stored.generation === generation && stored.entry in spec.entries)
        ?.createdAt ?? now;
    const { inDays } = due(secret, createdAt(declared.active), spec.period, now);
    const order: readonly string[] = consumersOf(secret);
    return {
      secret,
      strategy: spec.strategy,
      active: declared.active,
      generations: [...phasesOf({ rotation, declared, facts })]
        .filter(([, phase]) => phase !== "revoked")
        .map(([generation, phase]) => ({
          generation,
          phase,
          createdAt: createdAt(generation).toISOString(),
          ageDays: due(secret, createdAt(generation), spec.period, now).ageDays,
        })),
      due: addPeriod(createdAt(declared.active), spec.period).toISOString(),
      inDays,
      consumers: [...facts.services]
        .sort((a, b) => order.indexOf(a.service) - order.indexOf(b.service))
        .map(({ service, role, tasks }) => ({
          service,
          role,
          tasks: tasks.map(({ task, held }) => ({ task, ...held })),
        })),
      unsettled: unsettledReasons(rotation, declared, facts).map(({ message }) => message),
    };
  });
}

function table(all: readonly SecretStatus[]): string {
  if (all.length === 0) return "nothing to show";
  const rows = new Table({
    head: ["secret", "generation", "phase", "age", "due", "consumers"],
    style: { head: [], border: [] },
  });
  for (const { secret, generations, due: at, inDays, consumers } of all) {
    rows.push([
      secret,
      generations.map(({ generation }) => generation).join("\n"),
      generations.map(({ phase }) => phase).join("\n"),
      generations.map(({ ageDays }) => `${ageDays} d`).join("\n"),
      `${at.slice(0, 10)}\n${inDays < 0 ? `${-inDays} d overdue` : `in ${inDays} d`}`,
      consumers
        .map(
          ({ service, tasks }) =>
            `${service}: ${tasks.map(({ live, active }) => held(live, active)).join(" ") || "no task"}`,
        )
        .join("\n"),
    ]);
  }
  const unsettled = all.flatMap(({ unsettled: reasons }) => reasons.map((reason) => `  ${reason}`));
  return [rows.toString(), ...(unsettled.length > 0 ? ["not settled:", ...unsettled] : [])].join("\n");
}

/** `2*` uses 2; `1 2*` holds both and uses 2. */
function held(live: readonly number[], active: number): string {
  return live.length === 0
    ? "?"
    : `[${live.map((generation) => (generation === active ? `${generation}*` : `${generation}`)).join(" ")}]`;
}
