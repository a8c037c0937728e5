import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { findSecret, secretSpecs, type SecretName } from "../components/catalog/grants.ts";
import { hasServer } from "../components/rotation/strategies.ts";
import { noPauses, rotationOf } from "../components/secrets/rotation.ts";
import { appendAudit, type AuditEvent } from "./audit.ts";
import { recordSwarm } from "./audit/swarm.ts";
import { environmentOf } from "./environment.ts";
import { OperatorError } from "./error.ts";
import { forgetValues } from "./external/store.ts";
import { needsPlace } from "./place.ts";
import { editDeclared } from "./rotation/declared.ts";
import { look, presentSecrets, situationOf, type World } from "./rotation/situation.ts";
import { alone } from "./metrics/alone.ts";
import { Updates } from "./rotation/update.ts";
import { openStack, type StackContext } from "./stack.ts";
import { reportToTerminal as report } from "../toolchain/progress.ts";

interface Flags {
  readonly stack: string;
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** What a retirement takes away. Never holds a value. */
export interface Retirement {
  readonly secret: SecretName;
  readonly generations: readonly number[];
  /** Services that lose it, with their tasks: each is replaced. */
  readonly consumers: readonly { readonly service: string; readonly tasks: number }[];
  /** What no longer works, in the catalog's words. */
  readonly feature: string;
}

/** How long tasks that hold a retired secret may take to go, and how often they are looked at, in milliseconds. */
const goneWithin = 120_000;
const lookEvery = 250;

/** `retire NAME`: an optional secret goes for good, with its feature. The last step of the move from HS256 to RS256. */
export function retireCommand(): Command {
  return new Command("retire")
    .description(
      "switch an optional secret off: every generation of it leaves the services, the store and the config, and its " +
        "feature ends. JWT_SECRET: HS256 tokens are refused from then on",
    )
    .argument("<NAME>", "a secret that the stack does not require, or an entry of it")
    .option("--stack <name>", "the stack", "dev")
    .option("--reason <text>", "why, for the audit log", "no longer needed")
    .option("--dry-run", "show what it would take away, and change nothing")
    .option("--json", "for machines")
    .action(retire);
}

async function retire(name: string, flags: Flags): Promise<void> {
  const context = openStack(flags.stack);
  needsPlace("retire", context);
  if (flags.dryRun === true) {
    show(planned(name, context, await look(context)), flags);
    return;
  }
  const done = await alone(
    context,
    async () => {
      const world = await look(context);
      const plan = planned(name, context, world);
      await carryOut(plan.secret, world, context, flags.reason);
      await recordSwarm(context, "goimg-secrets retire");
      return plan;
    },
    report,
  );
  show(done, flags);
}

/** @throws OperatorError with every reason why the secret can't be retired */
function planned(name: string, context: StackContext, world: World): Retirement {
  const secret = findSecret(name);
  if (secret === undefined || !(presentSecrets(world).includes(secret) || world.declared[secret].live.length === 0)) {
    throw new OperatorError(`${name} is not a secret that this stack has: ${presentSecrets(world).join(", ")}`, 2);
  }
  const spec = secretSpecs[secret];
  const environment = environmentOf(context.configFile, context.stack);
  const { live } = world.declared[secret];
  const problems = [
    ...((spec.requiredIn as readonly string[]).includes(environment)
      ? [`${environment} requires it: rotate it, or revoke it`]
      : []),
    ...(hasServer(rotationOf(secret, noPauses))
      ? ["a server of this stack asks for it, and its clients would be locked out: take those services away first"]
      : []),
    ...(live.length > 1
      ? [`generations ${live.join(" and ")} are live: finish the rotation first (goimg-secrets rotate ${secret})`]
      : []),
  ];
  if (problems.length > 0) throw new OperatorError(`${secret} can't be retired: ${problems.join("; ")}`, 2);
  const consumers = world.observed.services
    .filter(({ spec: held }) => held.has(secret))
    .map(({ name: service, tasks }) => ({ service, tasks: tasks.length }));
  const { stored } = situationOf(secret, world, noPauses, new Date()).facts;
  return { secret, generations: stored, consumers, feature: spec.feature };
}

/** Safe to be killed in, and to run again: each part does nothing when it is done already. */
async function carryOut(secret: SecretName, world: World, context: StackContext, reason: string): Promise<void> {
  const { facts } = situationOf(secret, world, noPauses, new Date());
  const declared = world.declared[secret];
  const event: Omit<AuditEvent, "outcome"> = {
    stack: context.stack,
    secret,
    action: "switch-off",
    before: JSON.stringify(declared),
    after: JSON.stringify({ live: [], active: 0 }),
    reason,
    highest: Math.max(facts.highest ?? 0, ...facts.stored, ...declared.live),
  };
  const log = async (outcome: AuditEvent["outcome"]): Promise<void> =>
    appendAudit(context.auditFile, [{ ...event, outcome }], new Date());
  report(`retire   ${secret}: live [${declared.live.join(", ")}] → []`);
  await log("started");
  try {
    if (declared.live.length > 0) await editDeclared(context.configFile, [{ kind: "switchOff", secret }]);
    await new Updates(context, report).run(() => undefined);
    await untilGone(secret, context);
    if (secretSpecs[secret].kind === "external") await forgetValues(context, secret, () => true);
  } catch (error) {
    await log("failed");
    throw error;
  }
  await log("done");
}

/** @throws OperatorError that names the services with a task that still has it */
async function untilGone(secret: SecretName, context: StackContext): Promise<void> {
  const deadline = Date.now() + goneWithin;
  for (;;) {
    const { observed } = await look(context);
    const holding = observed.services.filter(
      ({ spec, tasks }) => spec.has(secret) || tasks.some(({ held }) => held.has(secret)),
    );
    if (holding.length === 0) return;
    if (Date.now() < deadline) {
      await sleep(lookEvery);
      continue;
    }
    const names = holding.map(({ name }) => name).join(", ");
    throw new OperatorError(
      `${names} still have ${secret}: see why (docker service ps), then run the same command again`,
    );
  }
}

function show({ secret, generations, consumers, feature }: Retirement, flags: Flags): void {
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify({ secret, generations, consumers, feature })}\n`);
    return;
  }
  const tasks = consumers.map(({ service, tasks: count }) => `${service} (${count})`).join(", ") || "none";
  const when = flags.dryRun === true ? "would be retired" : "retired";
  process.stdout.write(
    `${secret}: generation ${generations.join(", ") || "none"} ${when}\n  tasks replaced: ${tasks}\n  ended: ${feature}\n`,
  );
}
