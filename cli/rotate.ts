import { Command, InvalidArgumentError, Option } from "commander";
import { findSecret, secretNames, secretSpecs, type SecretName } from "../components/catalog/grants.ts";
import { goalOf, plan, type Goal } from "../components/rotation/machine.ts";
import { formatDuration } from "../components/rotation/schedule.ts";
import { openAlerts } from "./alerts/alerts.ts";
import { recordSwarm } from "./audit/swarm.ts";
import { milliseconds } from "./duration.ts";
import { OperatorError } from "./error.ts";
import { admitExternal, forgetExternal, type AdmitOptions } from "./external/admit.ts";
import { alone } from "./metrics/alone.ts";
import { needsPlace } from "./place.ts";
import { dueSecrets, type DueSecrets } from "./rotation/due.ts";
import { run, type Progress } from "./rotation/run.ts";
import { look, presentSecrets, situationOf, type World } from "./rotation/situation.ts";
import type { Times } from "../components/secrets/rotation.ts";
import { openStack, type StackContext } from "./stack.ts";
import { retried } from "./unattended.ts";
import { reportToTerminal as report } from "../toolchain/progress.ts";

interface Flags {
  readonly stack: string;
  readonly phase?: "publish" | "promote" | "retire";
  readonly grace: number;
  readonly jwksCache: number;
  readonly tokenLifetime: number;
  readonly wait: number;
  readonly reportTimeout: number;
  readonly reason: string;
  readonly due?: boolean;
  readonly tries: number;
  readonly retryPause: number;
  readonly alertFile?: string;
  readonly valueStdin?: boolean;
  readonly unchecked?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `rotate NAME…`: to the next generation, without a dropped request. */
export function rotateCommand(): Command {
  return withTimes(new Command("rotate"))
    .description(
      "move secrets to their next generation: publish, promote, and, after the grace period, retire the old one. " +
        "Safe to stop at any time: the same command goes on.",
    )
    .argument("[NAME...]", "secrets, or entries of them")
    .option("--due", "every secret that is due, and every rotation that is under way")
    .addOption(new Option("--tries <n>", "with --due: runs in all, when one fails").argParser(count).default(1))
    .addOption(
      duration("--retry-pause <duration>", "with --due: pause after the first failure; each later one doubles", "1m"),
    )
    .option(
      "--alert-file <file>",
      "with --due: a file (mode 0600) of webhooks and mail addresses that are told of a failure",
    )
    .addOption(new Option("--phase <phase>", "stop after this step").choices(["publish", "promote", "retire"]))
    .option(
      "--value-stdin",
      "read the new value of a third party's secret from standard input; a JSON object of all entries where it has several",
    )
    .option("--unchecked", "go on when the third party can't be asked whether it accepts the value")
    .action(async (names: string[], flags: Flags) => {
      await operate("rotate", names, flags);
    });
}

/** `rollback NAME`: back to the generation before, while it is still accepted. */
export function rollbackCommand(): Command {
  return withTimes(new Command("rollback"))
    .description("make the older live generation the active one again, then take the newer one away")
    .argument("<NAME...>", "secrets, or entries of them")
    .action(async (names: string[], flags: Flags) => {
      await operate("rollback", names, { ...flags, grace: 0 });
    });
}

function withTimes(command: Command): Command {
  return command
    .option("--stack <name>", "the stack", "dev")
    .addOption(duration("--grace <duration>", "how long the old generation stays accepted", "24h"))
    .addOption(duration("--jwks-cache <duration>", "how long others may cache the JWKS", "60s"))
    .addOption(duration("--token-lifetime <duration>", "how long an access token is valid", "15m"))
    .addOption(duration("--wait <duration>", "longest pause that is waited for, instead of ending the run", "10m"))
    .addOption(duration("--report-timeout <duration>", "how long tasks may take to report", "2m"))
    .option("--reason <text>", "why, for the audit log", "scheduled rotation")
    .option("--dry-run", "show the edits and change nothing")
    .option("--json", "for machines");
}

async function operate(command: Goal["kind"], names: readonly string[], flags: Flags): Promise<void> {
  const context = openStack(flags.stack);
  needsPlace(command, context);
  if (flags.dryRun === true) return dryRun(command, names, flags, context);
  if (flags.due !== true) {
    const { progress } = await attempt(command, names, flags, context);
    show(progress.map(described), flags);
    return;
  }
  const alerts = await openAlerts(context, flags.alertFile, report);
  try {
    const retries = { tries: flags.tries, pause: flags.retryPause, report };
    const { progress, waiting } = await retried(async () => attempt(command, names, flags, context), retries);
    show(progress.map(described), flags);
    if (waiting.length > 0) throw new OperatorError(personNeeded(waiting));
  } catch (error) {
    await alerts.send(error instanceof OperatorError ? error.message : "rotate --due ended with an unexpected error");
    throw error;
  }
}

/** One run, alone on the stack. `waiting` are secrets that are due and need a person. */
async function attempt(
  command: Goal["kind"],
  names: readonly string[],
  flags: Flags,
  context: StackContext,
): Promise<{ readonly progress: readonly Progress[]; readonly waiting: readonly SecretName[] }> {
  const work = async () => {
    const { ready: secrets, waiting } = chosen(names, flags, await look(context));
    const admitted = await admitExternal({ ...admission(command, flags, context), secrets });
    const progress = await run({
      context: admitted,
      secrets,
      command,
      times: flags,
      reason: flags.reason,
      patience: flags.wait,
      reportTimeout: flags.reportTimeout,
      report,
      ...(flags.phase === undefined ? {} : { until: flags.phase }),
      onChange: ({ operation, type, name, seconds }) => {
        report(`         ${operation} ${type.split(":").at(-1) ?? type} ${name} (${seconds.toFixed(1)} s)`);
      },
    });
    await forgetExternal({ context, secrets, report });
    await recordSwarm(context, `goimg-secrets ${command}`);
    return { progress, waiting };
  };
  return alone(context, work, report);
}

async function dryRun(
  command: Goal["kind"],
  names: readonly string[],
  flags: Flags,
  context: StackContext,
): Promise<void> {
  const world = await look(context);
  const { ready, waiting } = chosen(names, flags, world);
  await admitExternal({ ...admission(command, flags, context), secrets: ready, dryRun: true });
  show(planned(command, ready, world, flags), flags);
  if (waiting.length > 0) report(personNeeded(waiting));
}

const admission = (command: Goal["kind"], flags: Flags, context: StackContext): Omit<AdmitOptions, "secrets"> => ({
  context,
  command,
  reason: flags.reason,
  report,
  ...(flags.valueStdin === true ? { input: process.stdin } : {}),
  ...(flags.unchecked === true ? { unchecked: true } : {}),
});

const chosen = (names: readonly string[], flags: Flags, world: World): DueSecrets =>
  flags.due === true ? dueSecrets(world, new Date()) : { ready: named(names, world), waiting: [] };

const personNeeded = (secrets: readonly SecretName[]): string =>
  secrets
    .map(
      (secret) =>
        `${secret} is due: get a new value from its issuer, then: goimg-secrets rotate ${secret} --value-stdin`,
    )
    .join("\n");

/** @throws OperatorError listing every name that is not a secret of this stack */
function named(names: readonly string[], world: World): readonly SecretName[] {
  if (names.length === 0) throw new OperatorError("say which secrets (NAME…), or --due", 2);
  const present = presentSecrets(world);
  const wrong = names.filter((name) => {
    const secret = findSecret(name);
    return secret === undefined || !present.includes(secret);
  });
  if (wrong.length > 0) {
    const lines = [`${wrong.join(", ")}: not a secret that this stack has; it has ${present.join(", ")}`];
    throw new OperatorError([...lines, ...wrong.flatMap(howToSupply)].join("\n"), 2);
  }
  return secretNames.filter((secret) => names.some((name) => findSecret(name) === secret));
}

/** A third party's secret is not there until it has been given its first value. */
function howToSupply(name: string): readonly string[] {
  const secret = findSecret(name);
  if (secret === undefined || secretSpecs[secret].kind !== "external") return [];
  return Object.keys(secretSpecs[secret].entries).map(
    (entry) => `first value: pulumi config set --secret --path 'goimg-secrets:external.${entry}["1"]', then pulumi up`,
  );
}

function planned(command: Goal["kind"], secrets: readonly SecretName[], world: World, times: Times): readonly Line[] {
  return secrets.flatMap((secret) => {
    const situation = situationOf(secret, world, times, new Date());
    return plan(goalOf(command, situation), situation).map(({ action, summary, waitFor }) => ({
      secret,
      text: `${action.padEnd(8)} ${summary}`,
      waits: waitFor.map((wait) =>
        wait.kind === "pause"
          ? `${formatDuration(wait.milliseconds)}: ${wait.why}`
          : "every consumer's task reports it",
      ),
    }));
  });
}

interface Line {
  readonly secret: SecretName;
  readonly text: string;
  readonly waits?: readonly string[];
}

function described({ secret, outcome, steps, until, why }: Progress): Line {
  const made = steps.map(({ action, seconds }) => `${action} ${seconds.toFixed(1)} s`).join(", ");
  if (outcome === "done")
    return { secret, text: `${secret}: done${made === "" ? ", nothing was left to do" : ` (${made})`}` };
  const again = until === undefined ? "" : `; run this again after ${until.toISOString()}`;
  return { secret, text: `${secret}: ${made === "" ? "" : `${made}; `}${why ?? "stopped as asked"}${again}` };
}

function show(lines: readonly Line[], { json }: Flags): void {
  if (json === true) process.stdout.write(`${JSON.stringify(lines)}\n`);
  else
    for (const { text, waits } of lines)
      process.stdout.write([text, ...(waits ?? []).map((wait) => `           then ${wait}`)].join("\n") + "\n");
}

function duration(flags: string, description: string, fallback: string): Option {
  return new Option(flags, description).argParser(milliseconds).default(milliseconds(fallback), fallback);
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 20) throw new InvalidArgumentError("a number from 1 to 20");
  return number;
}
