import { Command, InvalidArgumentError, Option } from "commander";
import { findSecret, secretNames, type SecretName } from "../components/catalog/grants.ts";
import { secretSpecs } from "../components/catalog/grants.ts";
import { goalOf, plan, type Goal } from "../components/rotation/machine.ts";
import { due, formatDuration, InvalidDuration, parseDuration } from "../components/rotation/schedule.ts";
import { withLock } from "../toolchain/lock.ts";
import { OperatorError } from "./error.ts";
import { run, type Progress } from "./rotation/run.ts";
import { look, presentSecrets, situationOf, type World } from "./rotation/situation.ts";
import type { Times } from "../components/secrets/rotation.ts";
import { openStack } from "./stack.ts";

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
    .addOption(new Option("--phase <phase>", "stop after this step").choices(["publish", "promote", "retire"]))
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
  const times: Times = flags;
  const report = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const world = await look(context);
  const secrets = flags.due === true ? dueSecrets(world) : named(names, world);
  if (flags.dryRun === true) {
    show(planned(command, secrets, world, times), flags);
    return;
  }
  const progress = await withLock(
    `${context.auditFile}.lock`,
    async () =>
      run({
        context,
        secrets,
        command,
        times,
        reason: flags.reason,
        patience: flags.wait,
        reportTimeout: flags.reportTimeout,
        report,
        ...(flags.phase === undefined ? {} : { until: flags.phase }),
        onChange: ({ operation, type, name, seconds }) => {
          report(`         ${operation} ${type.split(":").at(-1) ?? type} ${name} (${seconds.toFixed(1)} s)`);
        },
      }),
    report,
  );
  show(progress.map(described), flags);
}

/** Secrets past their period, and those that have two generations: theirs is a rotation to go on with. */
function dueSecrets(world: World): readonly SecretName[] {
  const now = new Date();
  return presentSecrets(world).filter((secret) => {
    const { live, active } = world.declared[secret];
    if (live.length > 1) return true;
    const created = world.observed.secrets
      .filter(({ entry, generation }) => generation === active && entry in secretSpecs[secret].entries)
      .map(({ createdAt }) => createdAt);
    return created.some((at) => due(secret, at, secretSpecs[secret].period, now).overdue);
  });
}

/** @throws OperatorError listing every name that is not a secret of this stack */
function named(names: readonly string[], world: World): readonly SecretName[] {
  if (names.length === 0) throw new OperatorError("say which secrets (NAME…), or --due", 2);
  const present = presentSecrets(world);
  const wrong = names.filter((name) => {
    const secret = findSecret(name);
    return secret === undefined || !present.includes(secret);
  });
  if (wrong.length > 0) {
    throw new OperatorError(`${wrong.join(", ")}: not a secret that this stack has; it has ${present.join(", ")}`, 2);
  }
  return secretNames.filter((secret) => names.some((name) => findSecret(name) === secret));
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

function milliseconds(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof InvalidDuration) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
