import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { Command, InvalidArgumentError } from "commander";
import { noteAudit } from "./audit.ts";
import { openStack } from "./stack.ts";

interface Flags {
  readonly stack: string;
  readonly to: string;
  readonly recipient: string[];
  readonly recipientsFile: string[];
  readonly keep?: number;
  readonly dryRun?: true;
  readonly json?: true;
}

/** What the audit log calls a backup: its `after` is `ADDRESS sha256:HASH`. */
export const backupAction = "backup";

const help = `
A backup holds the stack's state, config, passphrase and audit log: everything that another machine needs. It is encrypted
as it flows, and opens with the identity (private key) of any of its recipients, and nothing else: keep one where the
machine's loss does not reach it. It does not hold the databases' and the storage's content.

  age-keygen -o backup-identity.txt                                     once, on another machine; its public key is age1…
  goimg-secrets backup --to /mnt/backups --recipient age1… --keep 14    to a folder, keeping the newest 14
  goimg-secrets backup --to s3://bucket/goimg --recipients-file keys    to S3 (AWS_… variables; AWS_ENDPOINT_URL_S3 for others)
  goimg-secrets drill /mnt/backups/goimg-dev-….age --identity FILE      does it restore? yes or no

Exit code 0: done; 1: no backup was made; 2: wrong use.
`;

/** `backup`: state, config and passphrase, encrypted, to a folder or S3. */
export function backupCommand(): Command {
  return new Command("backup")
    .description("keep what another machine needs to bring the stack up again, encrypted with age")
    .requiredOption("--to <place>", "a folder, or s3://bucket/prefix")
    .option("--stack <name>", "the stack", "dev")
    .option("--recipient <key>", "age public key that can open it (repeatable)", collected, [])
    .option("--recipients-file <file>", "age public keys, one a line (repeatable)", collected, [])
    .option("--keep <n>", "then remove all but the newest n backups of this stack there", wholeNumber)
    .option("--dry-run", "say what would be kept and removed")
    .option("--json", "for machines")
    .addHelpText("after", help)
    .action(backup);
}

async function backup(flags: Flags): Promise<void> {
  const { encrypt, readRecipients } = await import("./backup/age.ts");
  const { pack } = await import("./backup/archive.ts");
  const { collect } = await import("./backup/collect.ts");
  const { openPlace } = await import("./backup/places.ts");
  const { backupName, outdated } = await import("./backup/retention.ts");
  const { projectName } = await import("./recovery/project.ts");
  const context = openStack(flags.stack);
  const { cwd, env, auditFile } = context;
  const recipients = [...flags.recipient, ...(await Promise.all(flags.recipientsFile.map(readRecipients))).flat()];
  const place = await openPlace(flags.to, process.env);
  const made = new Date();
  const name = backupName(flags.stack, made);
  const files = await collect({ cwd, env, stack: flags.stack, auditFile });
  const header = {
    format: "goimg-secrets backup",
    version: 1,
    stack: flags.stack,
    project: await projectName(cwd),
    made: made.toISOString(),
  } as const;
  // Also in a dry run: it says which recipients are none.
  const ciphertext = await encrypt(pack(header, files), recipients);
  const before = flags.keep === undefined ? [] : await place.list();
  const removed = flags.keep === undefined ? [] : outdated([...before, name], flags.stack, flags.keep);
  if (flags.dryRun === true) ciphertext.destroy();
  else {
    const hash = createHash("sha256");
    await place.put(name, hashed(ciphertext, hash));
    // Where the gate finds it.
    const after = `${place.address(name)} sha256:${hash.digest("hex")}`;
    await noteAudit(context, { action: backupAction, outcome: "done", after, reason: "goimg-secrets backup" });
    // Only when the new one is there.
    for (const old of removed) await place.remove(old);
  }
  const result = {
    backup: place.address(name),
    files: files.map((file) => file.name),
    recipients: recipients.length,
    removed,
    dryRun: flags.dryRun === true,
  };
  process.stdout.write(flags.json === true ? `${JSON.stringify(result)}\n` : text(result));
}

/** The same stream, whose bytes are hashed on their way. */
function hashed(stream: Readable, hash: ReturnType<typeof createHash>): Readable {
  return Readable.from(
    (async function* () {
      for await (const chunk of stream) {
        hash.update(chunk as Buffer);
        yield chunk as Buffer;
      }
    })(),
  );
}

interface Result {
  readonly backup: string;
  readonly files: readonly string[];
  readonly recipients: number;
  readonly removed: readonly string[];
  readonly dryRun: boolean;
}

function text({ backup: address, files, recipients, removed, dryRun }: Result): string {
  const who = `${recipients} recipient${recipients === 1 ? "" : "s"}`;
  const kept = `${dryRun ? "would keep" : "kept"} ${files.join(", ")} in ${address}, for ${who}`;
  return [kept, ...removed.map((name) => `${dryRun ? "would remove" : "removed"} ${name}`), ""].join("\n");
}

function collected(value: string, values: string[]): string[] {
  return [...values, value];
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("a whole number from 1");
  return number;
}
