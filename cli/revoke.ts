import { Command } from "commander";
import { findSecret, secretSpecs, type SecretName } from "../components/catalog/grants.ts";
import { recordSwarm } from "./audit/swarm.ts";
import { OperatorError } from "./error.ts";
import { roleOf } from "../components/cluster/swarm/facts.ts";
import { goalOf } from "../components/rotation/machine.ts";
import { noPauses } from "../components/secrets/rotation.ts";
import { connectionsEnded } from "./rotation/cutOff.ts";
import { admitExternal, forgetExternal } from "./external/admit.ts";
import { needsPlace } from "./place.ts";
import { alone } from "./metrics/alone.ts";
import { run } from "./rotation/run.ts";
import { look, presentSecrets, situationOf, type World } from "./rotation/situation.ts";
import { openStack } from "./stack.ts";
import { reportToTerminal as report } from "../toolchain/progress.ts";

/** What a revocation reaches, known before it begins. */
export interface BlastRadius {
  readonly secret: SecretName;
  /** The generation that stops working. */
  readonly generation: number;
  /** Clients that used it, with their tasks: each is replaced. */
  readonly clients: readonly { readonly service: string; readonly tasks: number }[];
  /** What ends with it, in words. */
  readonly ends: string;
}

/** What a revocation did, as `revoke --json` prints it. */
export interface Outcome extends BlastRadius {
  /** From the command to its end; 0 in a dry run. */
  readonly seconds: number;
  /** Connections to the server that ended with the generation, where it has any. */
  readonly connections?: number;
}

interface Flags {
  readonly stack: string;
  readonly reason: string;
  readonly valueStdin?: boolean;
  readonly unchecked?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `revoke NAME`: the leaked generation stops working everywhere, in one command. */
export function revokeCommand(): Command {
  return new Command("revoke")
    .description(
      "emergency: the active generation stops working everywhere, at once, and a new one goes live; requests that rely on the " +
        "old one fail for seconds, until clients are replaced (rotate --grace 0s takes longer and drops none)",
    )
    .argument("<NAME>", "a secret, or an entry of it")
    .option("--stack <name>", "the stack", "dev")
    .option("--reason <text>", "why, for the audit log", "leaked")
    .option("--value-stdin", "read the new value of a third party's secret from standard input")
    .option("--unchecked", "go on when the third party can't be asked whether it accepts the value")
    .option("--dry-run", "report what it would cut off, and change nothing")
    .option("--json", "for machines")
    .action(revoke);
}

async function revoke(name: string, flags: Flags): Promise<void> {
  const context = openStack(flags.stack);
  needsPlace("revoke", context);
  const world = await look(context);
  const secret = findSecret(name);
  if (secret === undefined || !presentSecrets(world).includes(secret)) {
    throw new OperatorError(`${name} is not a secret that this stack has: ${presentSecrets(world).join(", ")}`, 2);
  }
  const radius = blastRadius(secret, world);
  const began = Date.now();
  if (flags.dryRun !== true) {
    await alone(
      context,
      async () => {
        const secrets = [secret];
        const { reason, valueStdin, unchecked } = flags;
        const admitted = await admitExternal({
          ...{ context, secrets, command: "revoke" as const, reason, report },
          ...(valueStdin === true ? { input: process.stdin } : {}),
          ...(unchecked === true ? { unchecked } : {}),
        });
        const progress = await run({
          context: admitted,
          secrets,
          command: "revoke",
          times: noPauses,
          reason,
          patience: 0,
          reportTimeout: 120_000,
          report,
        });
        await forgetExternal({ context, secrets, report });
        await recordSwarm(context, "goimg-secrets revoke");
        return progress;
      },
      report,
    );
  }
  const seconds = flags.dryRun === true ? 0 : (Date.now() - began) / 1000;
  const { docker, stack } = context;
  const connections =
    flags.dryRun === true ? undefined : await connectionsEnded(docker, stack, secret, radius.generation);
  const outcome = { ...radius, seconds, ...(connections === undefined ? {} : { connections }) };
  process.stdout.write(flags.json === true ? `${JSON.stringify(outcome)}\n` : describe(outcome, flags));
}

/** What depends on the generation that is to stop working: the active one, or the one that an unfinished emergency is about. */
export function blastRadius(secret: SecretName, world: World): BlastRadius {
  const goal = goalOf("revoke", situationOf(secret, world, noPauses, new Date()));
  const generation = goal.kind === "revoke" ? (goal.leaked[0] ?? goal.target) : goal.target;
  const clients = world.observed.services
    .filter(({ name, spec }) => spec.get(secret)?.active === generation && roleOf(secret, name) === "client")
    .map(({ name, tasks }) => ({ service: name, tasks: tasks.length }));
  return { secret, generation, clients, ends: ends(secret, generation, clients.length > 0) };
}

/** Cut off first, healed after: seconds in which the leaked value would have gone on are worse (ADR 2). */
const untilMoved = "; clients are refused for seconds, until they have the new one";

function ends(secret: SecretName, generation: number, hasClients: boolean): string {
  const refused = hasClients ? untilMoved : "";
  switch (secretSpecs[secret].strategy) {
    case "dual-key":
      return `every token signed by generation ${generation}: its holders log in again`;
    case "alternating-users":
      return `every database session of the login role goimg_g${generation}${refused}`;
    case "dual-password":
      return `logins with the old password, and every connection of its user${refused}`;
    case "dual-access-key":
      return `every request and presigned URL signed with the old key${refused}`;
    case "external":
    case "redeploy":
      return "nothing by itself: its issuer has to revoke the old value as well";
  }
}

function describe({ secret, generation, clients, ends: what, seconds, connections }: Outcome, flags: Flags): string {
  const tasks = clients.map(({ service, tasks }) => `${service} (${tasks})`).join(", ") || "none";
  const when = flags.dryRun === true ? "would be revoked" : `revoked, ${seconds.toFixed(1)} s after the command`;
  const counted = connections === undefined ? "" : ` (${connections} connections)`;
  return `${secret}: generation ${generation} ${when}\n  clients replaced (tasks): ${tasks}\n  ended: ${what}${counted}\n`;
}
