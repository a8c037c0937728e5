import type { Readable } from "node:stream";
import { secretSpecs, type SecretName } from "../../components/catalog/grants.ts";
import { noPauses } from "../../components/secrets/rotation.ts";
import { goalOf, type Goal } from "../../components/rotation/machine.ts";
import { appendAudit } from "../audit.ts";
import { OperatorError } from "../error.ts";
import { look, situationOf, type World } from "../rotation/situation.ts";
import type { StackContext } from "../stack.ts";
import type { EntryValues, Verdict } from "./providers/provider.ts";
import { readSettings } from "./settings.ts";
import { forgetValues, loadValues, storeValues } from "./store.ts";
import { problemsOf, readValues } from "./values.ts";

/** What to admit, and how. */
export interface AdmitOptions {
  readonly context: StackContext;
  readonly secrets: readonly SecretName[];
  readonly command: Goal["kind"];
  /** Where the new value comes from, when it does not wait in the config already. */
  readonly input?: Readable & { readonly isTTY?: boolean };
  /** Go on although the provider does not answer. */
  readonly unchecked?: boolean;
  /** Ask, and store nothing. */
  readonly dryRun?: boolean;
  readonly reason: string;
  readonly report: (line: string) => void;
}

/**
 * Before a rotation of third-party values begins: takes the new value, checks it by the catalog, asks its issuer, and only
 * then stores it. The present value stays in use whatever happens here. The caller holds the stack's lock.
 *
 * @returns the context, with the generations that their issuers refused
 * @throws OperatorError if the value is malformed, refused, or can't be asked about; nothing was changed then
 */
export async function admitExternal(options: AdmitOptions): Promise<StackContext> {
  const { context, secrets, command, input } = options;
  const external = secrets.filter((secret) => secretSpecs[secret].kind === "external");
  if (input !== undefined && (secrets.length !== 1 || external.length !== 1)) {
    throw new OperatorError("--value-stdin: one secret at a time, and one that a third party issues", 2);
  }
  if (command === "rollback" || external.length === 0) return context;
  const world = await look(context);
  const refused = new Map<SecretName, readonly number[]>();
  for (const secret of external) {
    const verdict = await admit(secret, world, options);
    if (verdict !== undefined) refused.set(secret, [verdict]);
  }
  return { ...context, refused };
}

/** The generation if its issuer refused what the config holds for it. */
async function admit(secret: SecretName, world: World, options: AdmitOptions): Promise<number | undefined> {
  const { context, command, input, report } = options;
  const { target } = goalOf(command, situationOf(secret, world, noPauses, new Date()));
  const declared = world.declared[secret];
  if (declared.live.includes(target)) {
    if (input === undefined) return undefined;
    const what = `generation ${target} of ${secret} is live already, and a value is never changed in place`;
    throw new OperatorError(
      `${what}: finish its rotation (without --value-stdin), or take it back (goimg-secrets rollback ${secret})`,
    );
  }
  const supplied = world.external.get(secret)?.supplied.includes(target) === true;
  if (input === undefined && !supplied) return undefined;
  const values = input === undefined ? await loadValues(context, secret, target) : await readValues(secret, input);
  const problems = problemsOf(secret, values, await loadValues(context, secret, declared.active));
  if (problems.length > 0) {
    const lines = problems.map((line) => `  - ${line}`).join("\n");
    throw new OperatorError(`the new value of ${secret} can't be used; nothing was changed:\n${lines}`, 2);
  }
  const verdict = await askIssuer(secret, values, context);
  if (verdict.verdict === "refused" && input === undefined) {
    report(`${verdict.who} refused generation ${target} of ${secret}: ${verdict.why}`);
    return target;
  }
  mind(secret, verdict, options);
  if (input !== undefined && options.dryRun !== true) await keep(secret, target, values, world, options);
  return undefined;
}

/** What its issuer says of a value, and who that is. */
type Asked = Verdict & { readonly who: string };

async function askIssuer(secret: SecretName, values: EntryValues, { configFile }: StackContext): Promise<Asked> {
  // Loaded when somebody is asked: no other command pays for the clients.
  const { providers } = await import("./providers/index.ts");
  const provider = providers[secret];
  if (provider === undefined) return { verdict: "unasked", why: "nobody can be asked about it", who: "its issuer" };
  return { ...(await provider.check(values, await readSettings(configFile))), who: provider.name };
}

/** @throws OperatorError unless the verdict lets the rotation go on */
function mind(secret: SecretName, verdict: Asked, { unchecked, report }: AdmitOptions): void {
  const { who } = verdict;
  switch (verdict.verdict) {
    case "accepted":
      report(`checked  ${who} accepts the new value of ${secret}`);
      return;
    case "unasked":
      report(`not checked: the new value of ${secret} is taken on your word (${verdict.why})`);
      return;
    case "refused":
      throw new OperatorError(
        `${who} refuses the new value of ${secret} (${verdict.why}): nothing was changed, the present one stays`,
      );
    case "unknown":
      if (unchecked === true) {
        report(`not checked: ${who} can't be asked (${verdict.why}), and --unchecked was given`);
        return;
      }
      throw new OperatorError(
        `${who} can't be asked about the new value of ${secret} (${verdict.why}): nothing was changed; try again later, or go on with --unchecked`,
      );
  }
}

async function keep(
  secret: SecretName,
  generation: number,
  values: EntryValues,
  world: World,
  { context, reason }: AdmitOptions,
): Promise<void> {
  const declared = JSON.stringify(world.declared[secret]);
  const event = {
    stack: context.stack,
    secret,
    action: `supply ${generation}`,
    before: declared,
    after: declared,
    reason,
  };
  const { highest = 0 } = situationOf(secret, world, noPauses, new Date()).facts;
  await storeValues(context, secret, generation, values);
  await appendAudit(context.auditFile, [{ ...event, outcome: "done", highest }], new Date());
}

/**
 * After a rotation: values of generations that are over leave the config. One that waits for the next rotation stays. The
 * caller holds the stack's lock.
 */
export async function forgetExternal({
  context,
  secrets,
  report,
}: Pick<AdmitOptions, "context" | "secrets" | "report">): Promise<void> {
  const external = secrets.filter((secret) => secretSpecs[secret].kind === "external");
  if (external.length === 0) return;
  const world = await look(context);
  for (const secret of external) {
    const { declared, facts } = situationOf(secret, world, noPauses, new Date());
    const highest = Math.max(facts.highest ?? 0, ...facts.stored, ...declared.live);
    const isOver = (generation: number): boolean =>
      generation <= highest && !declared.live.includes(generation) && !facts.stored.includes(generation);
    const forgotten = await forgetValues(context, secret, isOver);
    if (forgotten.length > 0)
      report(`forgot   ${secret}: generation ${forgotten.join(", ")} left the config; revoke it where it was issued`);
  }
}
