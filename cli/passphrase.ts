import { randomUUID } from "node:crypto";
import { Command } from "commander";
import { appendAudit, withAuditLock, type AuditEvent } from "./audit.ts";
import { OperatorError } from "./error.ts";
import type { Change, ChangePlace } from "./passphrase/change.ts";
import type { Passphrases } from "./passphrase/files.ts";
import type { Keys } from "./passphrase/keys.ts";
import { projectName } from "./recovery/project.ts";
import { openStack, type StackContext } from "./stack.ts";
import { reportToTerminal as report } from "../toolchain/progress.ts";

interface Flags {
  readonly stack: string;
  readonly newPassphraseFile?: string;
  readonly pruneHistory?: boolean;
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

interface Result extends Change {
  /** Where the passphrase is that is used from now on. */
  readonly passphraseFile: string;
  /** Where the old one is kept; undefined when it stayed where it was. */
  readonly oldPassphraseFile: string | undefined;
  readonly dryRun: boolean;
}

/** What the audit log calls it. */
const action = "change-passphrase";

const help = `
Every stack of the project in this backend is changed, and everything that the old passphrase opens there: states, their
copies, the updates' history, and the values in Pulumi.<stack>.yaml. The old passphrase stays beside the new one (FILE.old).

Killed or out of power? Run the same command again. Until it has ended, other commands may say "incorrect passphrase".

It does not reach: git's history of Pulumi.<stack>.yaml, older versions of a bucket's objects, and backups made before. If the
old passphrase leaked, revoke every secret too: who has a copy of the old state reads it forever.

Exit code 0: nothing is left of the old passphrase; 1: it says what is; 2: wrong use.
`;

/** `passphrase change`: another passphrase for the state, its history and the configs. */
export function passphraseCommand(): Command {
  const change = new Command("change")
    .description("seal the state, its history and the configs with another passphrase; safe to stop at any time")
    .option("--new-passphrase-file <file>", "take the new passphrase from there (mode 0600), or generate it there")
    .option("--prune-history", "delete earlier states and records that could not be sealed anew")
    .option("--stack <name>", "the stack whose audit log gets the record", "dev")
    .option("--reason <text>", "why, for the audit log", "passphrase change")
    .option("--dry-run", "say what would be sealed anew, and change nothing")
    .option("--json", "for machines")
    .addHelpText("after", help)
    .action(run);
  return new Command("passphrase").description("change the passphrase that protects the state").addCommand(change);
}

async function run(flags: Flags): Promise<void> {
  const context = openStack(flags.stack);
  const result =
    flags.dryRun === true
      ? await planned(context, flags)
      : await withAuditLock(context.auditFile, () => changed(context, flags), report);
  process.stdout.write(flags.json === true ? `${JSON.stringify(result)}\n` : text(result));
  if (result.left.length > 0) process.exitCode = 1;
}

async function planned(context: StackContext, flags: Flags): Promise<Result> {
  const { passphrases, keys, place } = await open(context, flags);
  const { planChange } = await import("./passphrase/change.ts");
  return { ...(await planChange(place, keys)), ...filesOf(passphrases), dryRun: true };
}

async function changed(context: StackContext, flags: Flags): Promise<Result> {
  const { passphrases, keys, place } = await open(context, flags);
  const { changeAll } = await import("./passphrase/change.ts");
  const { readBack } = await import("./passphrase/readBack.ts");
  const { takeOver } = await import("./passphrase/files.ts");
  const log = async (outcome: AuditEvent["outcome"], after: string): Promise<void> => {
    const { auditFile, stack } = context;
    const event = { stack, secret: "all", action, outcome, before: "", after, reason: flags.reason, highest: 0 };
    await appendAudit(auditFile, [event], new Date());
  };
  await log("started", "");
  try {
    const change = await changeAll(place, keys, flags.pruneHistory === true);
    // Nothing is taken away before the engine itself has opened everything that is in use.
    await readBack(place, change, passphrases, context.env);
    const kept = await takeOver(passphrases);
    await log(
      "done",
      `${change.moved.length} files sealed anew, ${change.left.length} left, ${change.pruned.length} pruned`,
    );
    return {
      ...change,
      ...filesOf(passphrases),
      ...(kept === undefined ? {} : { oldPassphraseFile: kept }),
      dryRun: false,
    };
  } catch (error) {
    await log("failed", "");
    throw error;
  }
}

/** Both passphrases, and the backend's files. @throws OperatorError with every reason why it can't be done */
async function open(
  { cwd, env }: StackContext,
  flags: Flags,
): Promise<{ passphrases: Passphrases; keys: Keys; place: ChangePlace }> {
  const { openPassphrases } = await import("./passphrase/files.ts");
  const { openState } = await import("./state/files.ts");
  const { othersWith } = await import("./passphrase/change.ts");
  const { Keys: KeysOf } = await import("./passphrase/keys.ts");
  const backend = env["PULUMI_BACKEND_URL"] ?? "";
  const files = await openState(backend, process.env);
  if (files === undefined)
    throw new OperatorError(
      `the state is in ${backend.split(":")[0] ?? ""}: only a folder's (file://) and an S3 bucket's is reached from here`,
      2,
    );
  const place = { files, backend, project: await projectName(cwd), cwd };
  const passphrases = await openPassphrases({ ...process.env, ...env }, flags.newPassphraseFile, false);
  // Nothing is sealed with it: one that is to be generated opens nothing yet.
  const looking = new KeysOf({ old: passphrases.old, new: passphrases.new ?? randomUUID() });
  const others = passphrases.replaces === undefined ? [] : await othersWith(place, looking);
  if (others.length > 0)
    throw new OperatorError(
      `the passphrase also opens ${others.join(", ")}, of other projects: give this one a file of its own (--new-passphrase-file FILE)`,
      2,
    );
  if (flags.dryRun === true) return { passphrases, keys: looking, place };
  const made = await openPassphrases({ ...process.env, ...env }, flags.newPassphraseFile, true);
  return { passphrases: made, keys: new KeysOf({ old: made.old, new: made.new ?? "" }), place };
}

function filesOf({ newFile, replaces }: Passphrases): Pick<Result, "passphraseFile" | "oldPassphraseFile"> {
  return { passphraseFile: replaces ?? newFile, oldPassphraseFile: undefined };
}

function text(result: Result): string {
  const { moved, already, left, pruned, foreign, passphraseFile, oldPassphraseFile, dryRun } = result;
  const would = dryRun ? "would be " : "";
  const lines = [
    `${would}sealed anew: ${moved.length} files${already > 0 ? `; ${already} were already` : ""}`,
    ...(dryRun ? moved.map((name) => `  ${name}`) : []),
    ...foreign.map((stack) => `not touched: what ${stack} uses has another passphrase or provider`),
    ...pruned.map((name) => `deleted: ${name}`),
    ...left.map(({ file, why, prunable }) => `left: ${file}: ${why}${prunable ? " (--prune-history deletes it)" : ""}`),
    dryRun
      ? `nothing was changed; the new passphrase would be in ${passphraseFile}`
      : `the passphrase is in ${passphraseFile}`,
    ...(oldPassphraseFile === undefined
      ? []
      : [`the old one is kept in ${oldPassphraseFile}: delete it when no backup and no other backend needs it`]),
  ];
  return `${lines.join("\n")}\n`;
}
