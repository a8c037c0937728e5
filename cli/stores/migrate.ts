import { secretSpecs, secretNames, type SecretName } from "../../components/catalog/grants.ts";
import type { StoreKind } from "../../components/stores/settings.ts";
import { keptInVault } from "../../components/stores/vaultPlaces.ts";
import { imageTag } from "../../toolchain/images.ts";
import { appendAudit, highestIn, type AuditEvent } from "../audit.ts";
import { OperatorError } from "../error.ts";
import { look, type World } from "../rotation/situation.ts";
import type { Updates } from "../rotation/update.ts";
import type { StackContext } from "../stack.ts";
import { newSalt, readBackFromSwarm, readBackFromVault, type ReadBack } from "./readBack.ts";
import { editStores, readStoreSettings } from "./settings.ts";
import { declaredAt, stageOf, stagesAfter, type Move, type Stage } from "./stages.ts";
import { hashesInState } from "./values.ts";

/** What a move needs beside the stores' names. */
export interface MigrateOptions {
  readonly context: StackContext;
  readonly move: Move;
  readonly reason: string;
  readonly updates: Updates;
  readonly report: (line: string) => void;
}

/** What is there, and what is left to do. Holds names and numbers. */
export interface MovePlan {
  readonly stage: Stage;
  readonly left: readonly Stage[];
  /** Generations that move, as `ENTRY.G`. */
  readonly generations: readonly string[];
  /** Services that are deployed anew when they read from the new store. */
  readonly consumers: readonly string[];
}

/**
 * Looks at the stack, and at whether the move can be made at all.
 *
 * @throws OperatorError with every reason why not
 */
export async function planMove({ context, move }: Pick<MigrateOptions, "context" | "move">): Promise<MovePlan> {
  const settings = await readStoreSettings(context.configFile);
  const stage = stageOf(move, settings);
  if (stage === undefined) {
    throw new OperatorError(
      `the stack reads from ${settings.store} and keeps values in ${settings.keepIn.join(" and ")}: ` +
        `that is no stage of a move from ${move.from} to ${move.to}`,
      2,
    );
  }
  const world = await look(context);
  const unsettled = secretNames.filter((secret) => world.declared[secret].live.length > 1);
  const problems = [
    ...(stage === "begin" && unsettled.length > 0
      ? [`${unsettled.join(", ")}: finish the rotation first (goimg-secrets rotate NAME)`]
      : []),
    ...(stage === "begin" ? await placeProblems(context, move) : []),
  ];
  if (problems.length > 0) throw new OperatorError(`values can't move yet:\n  - ${problems.join("\n  - ")}`, 2);
  return {
    stage,
    left: stagesAfter(stage),
    generations: liveIn(world),
    consumers: world.observed.services.filter(({ spec }) => spec.size > 0).map(({ name }) => name),
  };
}

/** Asked before anything is edited: that the place of the new store is declared, and that it answers. */
async function placeProblems({ configFile, stack }: StackContext, { from, to }: Move): Promise<readonly string[]> {
  if (to !== "vault") return [];
  try {
    const { vault } = await readStoreSettings(configFile, [from, to]);
    if (vault !== undefined) await keptInVault({ ...vault, stack });
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** `ENTRY.G` of each live generation of the secrets that the stack has. */
function liveIn({ declared, observed }: World): readonly string[] {
  const present = new Set(observed.secrets.map(({ entry }) => entry));
  return secretNames.flatMap((secret) =>
    Object.keys(secretSpecs[secret].entries)
      .filter((entry) => present.has(entry))
      .flatMap((entry) => declared[secret].live.map((generation) => `${entry}.${generation}`)),
  );
}

/**
 * Moves a stack's values: into both stores, read back and compared, services over to the new one, compared again, and out of the old
 * one. What to do next follows from the stack's config alone, so it can be killed anywhere and run again.
 *
 * @returns the stages that this run reached
 * @throws OperatorError if a value in the new store is another one, or an update fails; nothing in use was taken away
 */
export async function migrate(options: MigrateOptions, plan: MovePlan): Promise<readonly Stage[]> {
  const { context, move, updates, report } = options;
  const carryOut = async (stage: Stage): Promise<void> => {
    report(`${stage.padEnd(9)}${meaning(move, stage)}`);
    await updates.run(({ operation, type, name, seconds }) => {
      report(`         ${operation} ${type.split(":").at(-1) ?? type} ${name} (${seconds.toFixed(1)} s)`);
    });
  };
  // An earlier run may have been killed between its edit and the end of its update.
  if (plan.stage !== "begin") await carryOut(plan.stage);
  for (const stage of plan.left) {
    if (stage !== "copied") await compare(options, plan);
    await record(options, stage, plan, "started");
    const { store, keepIn } = declaredAt(move, stage);
    await editStores(context.configFile, store, keepIn);
    try {
      await carryOut(stage);
    } catch (error) {
      await record(options, stage, plan, "failed");
      throw error;
    }
    await record(options, stage, plan, "done");
  }
  return plan.left;
}

function meaning({ from, to }: Move, stage: Stage): string {
  switch (stage) {
    case "begin":
      return `values are in ${from}`;
    case "copied":
      return `every live generation is put into ${to} as well`;
    case "switched":
      return `services read from ${to}`;
    case "retired":
      return `the old entries leave ${from}`;
  }
}

/** Compares what the new store itself holds with the state, by salted hashes in memory. */
async function compare({ context, move, report }: MigrateOptions, { generations }: MovePlan): Promise<void> {
  const salt = newSalt();
  const run = { cwd: context.cwd, env: context.env, output: "capture" } as const;
  const [expected, found] = await Promise.all([
    hashesInState(context.stack, run, salt),
    readBack(context, move.to, salt),
  ]);
  const wrong = generations.filter((key) => expected.get(key) === undefined || expected.get(key) !== found.get(key));
  if (wrong.length > 0) {
    throw new OperatorError(
      `${move.to} does not hold what the stack has of ${wrong.join(", ")}: nothing was switched; ` +
        `run pulumi up --refresh, then this again, or take the copies back: goimg-secrets migrate --from ${move.from} --to ${move.to} --undo`,
    );
  }
  report(`         ${generations.length} values read back from ${move.to} and compared`);
}

async function readBack(context: StackContext, store: StoreKind, salt: string): Promise<ReadBack> {
  const { vault } = await readStoreSettings(context.configFile);
  if (store === "swarm") return readBackFromSwarm(context.docker, context.stack, imageTag("redis"), salt);
  if (vault === undefined) throw new OperatorError("vault is not among the stack's stores", 2);
  return readBackFromVault(context.stack, vault, salt);
}

/** Takes a move back that has not retired the old entries: services read from them again, and the copies go. */
export async function undo({ context, move, updates, report }: MigrateOptions, plan: MovePlan): Promise<void> {
  if (plan.stage === "retired") {
    throw new OperatorError(`nothing is left in ${move.from}: move back with --from ${move.to} --to ${move.from}`, 2);
  }
  const back: readonly Stage[] = plan.stage === "switched" ? ["copied", "begin"] : ["begin"];
  for (const stage of back) {
    const { store, keepIn } = declaredAt(move, stage);
    await editStores(context.configFile, store, keepIn);
    report(`${stage.padEnd(9)}${meaning(move, stage)}`);
    await updates.run(() => undefined);
  }
}

async function record(
  { context, move, reason }: MigrateOptions,
  stage: Stage,
  { generations }: MovePlan,
  outcome: AuditEvent["outcome"],
): Promise<void> {
  const world = await look(context);
  const moved = secretNames.filter((secret) => generations.some((key) => isOf(secret, key)));
  const events = moved.map((secret) => ({
    stack: context.stack,
    secret,
    action: `migrate-${stage}`,
    outcome,
    before: move.from,
    after: move.to,
    reason,
    highest: Math.max(highestIn(world.audit, secret), ...world.declared[secret].live),
  }));
  await appendAudit(context.auditFile, events, new Date());
}

const isOf = (secret: SecretName, key: string): boolean => (key.split(".")[0] ?? "") in secretSpecs[secret].entries;
