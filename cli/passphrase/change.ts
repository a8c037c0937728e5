import { OperatorError } from "../error.ts";
import { withStackLock } from "../recovery/locks.ts";
import type { StateFiles } from "../state/files.ts";
import { Keys } from "./keys.ts";
import { inUse, learnFrom, moveFile, othersStates, sealedFiles, stacksOf, type Outcome } from "./sealed.ts";

/** Whose passphrase is changed, and where. */
export interface ChangePlace {
  readonly files: StateFiles;
  /** `PULUMI_BACKEND_URL`. */
  readonly backend: string;
  readonly project: string;
  /** Folder of Pulumi.yaml and the stacks' configs. */
  readonly cwd: string;
}

/** What a change did, or would do. Never holds a value. */
export interface Change {
  /** Names of files in which something was sealed anew, in that order. */
  readonly moved: readonly string[];
  /** How many files held nothing but the new passphrase's already: those of a run that was killed. */
  readonly already: number;
  /** What could not be sealed anew, and why. */
  readonly left: readonly Left[];
  /** What was deleted: it could not be sealed anew, and only the past needed it. */
  readonly pruned: readonly string[];
  /** Stacks of the project that have another passphrase or provider: what they use was not touched. */
  readonly foreign: readonly string[];
}

/** A file with something in it that neither passphrase opens. */
export interface Left {
  readonly file: string;
  readonly why: string;
  /** Whether `--prune-history` deletes it. */
  readonly prunable: boolean;
}

/** Other projects' states that the old passphrase opens. Their configs are elsewhere, so that they can't be changed from here. */
export async function othersWith(place: ChangePlace, keys: Keys): Promise<readonly string[]> {
  const found: string[] = [];
  for (const file of await othersStates(place.files, place.project))
    if ((await moveFile(file, keys, false)).moved > 0) found.push(file.name);
  return found;
}

/** Looks at every file, and changes none. */
export async function planChange(place: ChangePlace, keys: Keys): Promise<Change> {
  await learnAll(place, keys);
  const foreign = await foreignStacks(place, keys);
  const outcomes = await sweep(place, keys, false);
  return summary(outcomes, { foreign, pruned: [], stacks: await stacksWith(place, foreign) });
}

/**
 * Seals everything of the project anew that the old passphrase opens: the updates' history, backups, the configs, and the states
 * last. While it works, no update of a stack that has a state here can run.
 *
 * Each file is replaced in one step and none refers to another, so that a run that was killed is gone on with by another one. Why
 * not `pulumi stack change-secrets-provider`: it writes a config with the new salt and the old values before it writes the state,
 * and when it is killed there, neither passphrase opens the stack; it does not touch history and backups.
 *
 * @param prune whether what can't be sealed anew is deleted, where only the past needs it
 * @throws StackLocked if an update is running; OperatorError if something is still the old passphrase's at the end
 */
export async function changeAll(place: ChangePlace, keys: Keys, prune: boolean): Promise<Change> {
  await learnAll(place, keys);
  const foreign = await foreignStacks(place, keys);
  const stacks = await stacksWith(place, foreign);
  return underLocks(place, stacks, async () => {
    // An update may have ended since.
    await learnAll(place, keys);
    // Updates' records hold values and no salt: the salts must outlive this process before the first one is replaced.
    await place.files.write(saltsKey(place.project), Buffer.from(await keys.salts()));
    const outcomes = await sweep(place, keys, true);
    const pruned: string[] = [];
    for (const { file } of prune ? outcomes.filter((outcome) => isPrunable(outcome, stacks)) : []) {
      await file.remove();
      pruned.push(file.name);
    }
    const still = (await sweep(place, keys, false)).filter(({ moved }) => moved > 0);
    if (still.length > 0) {
      const names = still.map(({ file }) => file.name).join(", ");
      throw new OperatorError(`the old passphrase still opens ${names}: run the same command again`);
    }
    await place.files.remove(saltsKey(place.project));
    return summary(outcomes, { foreign, pruned, stacks });
  });
}

/** Where the salts of a change that is under way are kept. */
const saltsKey = (project: string): string => `goimg-passphrase/${project}`;

/** Those that have a state here, and the passphrase. */
async function stacksWith({ files, project }: ChangePlace, foreign: readonly string[]): Promise<readonly string[]> {
  return (await stacksOf(files, project)).filter((stack) => !foreign.includes(stack));
}

/** Stacks of which neither passphrase opens anything that is in use. */
async function foreignStacks({ files, project, cwd }: ChangePlace, keys: Keys): Promise<readonly string[]> {
  const outcomes: Outcome[] = [];
  for (const file of await inUse(files, project, cwd)) outcomes.push(await moveFile(file, keys, false));
  const isOpened = ({ moved, kept }: Outcome): boolean => moved + kept > 0;
  const stacks = [...new Set(outcomes.map(({ file }) => file.stack))];
  return stacks.filter((stack) => {
    const own = outcomes.filter(({ file }) => file.stack === stack);
    return !own.some(isOpened) && own.some(({ unopened }) => unopened > 0);
  });
}

async function underLocks<T>(place: ChangePlace, stacks: readonly string[], work: () => Promise<T>): Promise<T> {
  const [stack, ...rest] = stacks;
  if (stack === undefined) return work();
  const { files, backend, project } = place;
  return withStackLock(files, { backend, project, stack }, () => underLocks(place, rest, work));
}

/** Every salt has to be known before the first key is made: one that a killed run has sealed with is sealed with again. */
async function learnAll({ files, project, cwd }: ChangePlace, keys: Keys): Promise<void> {
  const salts = await files.read(saltsKey(project));
  if (salts !== undefined) await keys.learn(salts.toString("latin1"));
  for (const file of await sealedFiles(files, project, cwd)) await learnFrom(file, keys);
}

/** Also what is past of a stack that has another passphrase by now: none of it is left to the old one. */
async function sweep({ files, project, cwd }: ChangePlace, keys: Keys, apply: boolean): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const file of await sealedFiles(files, project, cwd)) outcomes.push(await moveFile(file, keys, apply));
  return outcomes;
}

function summary(
  outcomes: readonly Outcome[],
  found: { readonly stacks: readonly string[] } & Pick<Change, "foreign" | "pruned">,
): Change {
  const { foreign, pruned, stacks } = found;
  const left = outcomes.flatMap((outcome) => {
    const why = whyLeft(outcome);
    const file = outcome.file.name;
    if (foreign.includes(outcome.file.stack)) return [];
    return why === undefined || pruned.includes(file) ? [] : [{ file, why, prunable: isPrunable(outcome, stacks) }];
  });
  return {
    moved: outcomes.filter(({ moved }) => moved > 0).map(({ file }) => file.name),
    already: outcomes.filter(({ moved, kept, unopened }) => moved + unopened === 0 && kept > 0).length,
    left,
    pruned,
    foreign,
  };
}

/** What only the past of a stack needs that is here: of one that is gone, a copy may be the last one. */
function isPrunable(outcome: Outcome, stacks: readonly string[]): boolean {
  return outcome.file.past && stacks.includes(outcome.file.stack) && whyLeft(outcome) !== undefined;
}

function whyLeft({ damaged, unopened }: Outcome): string | undefined {
  if (damaged) return "it is cut off";
  return unopened > 0 ? `${unopened} values or salts in it are another passphrase's, or damaged` : undefined;
}
