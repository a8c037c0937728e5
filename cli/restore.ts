import { Command } from "commander";
import { OperatorError } from "./error.ts";
import { openStack } from "./stack.ts";

interface Flags {
  readonly identity: string;
  readonly dryRun?: true;
  readonly overwrite?: true;
  readonly json?: true;
}

const help = `
  goimg-secrets restore /mnt/backups/goimg-dev-20260301T020000Z.age --identity backup-identity.txt --dry-run
  goimg-secrets restore s3://bucket/goimg/goimg-dev-20260301T020000Z.age --identity backup-identity.txt
  goimg-secrets up

The first checks that the backup is whole and says what would be done; the second does it; the third makes the services of
what was restored, with the same values, on a machine that has none of them. A rotation that was under way goes on with
goimg-secrets rotate --due.

Exit code 0: restored, or would be; 1: the backup is damaged, does not open, or the machine is not empty; 2: wrong use.
`;

/** `restore`: a backup onto an empty machine. */
export function restoreCommand(): Command {
  return new Command("restore")
    .description("bring a backup's state, config and passphrase onto this machine, after checking that it is whole")
    .argument("<backup>", "a file, or s3://bucket/prefix/name")
    .requiredOption("--identity <file>", "age identity (private key) of one of its recipients")
    .option("--dry-run", "check, and say what would be done")
    .option("--overwrite", "replace the state of a stack that is here")
    .option("--json", "for machines")
    .addHelpText("after", help)
    .action(async (address: string, flags: Flags) => {
      await runRestore(address, flags);
    });
}

async function runRestore(address: string, flags: Flags): Promise<void> {
  const { openBackup, restore } = await import("./restore/restore.ts");
  const { planRestore } = await import("./restore/plan.ts");
  const { install } = await import("../toolchain/install.ts");
  const backup = await openBackup(address, flags.identity);
  await install();
  const { cwd, env, auditFile } = openStack(backup.header.stack);
  const target = { cwd, env, auditFile, passphraseFile: env["PULUMI_CONFIG_PASSPHRASE_FILE"] };
  const plan = await planRestore(backup, target, flags.overwrite === true);
  const result = { ...plan, made: backup.header.made, dryRun: flags.dryRun === true };
  if (flags.json === true) process.stdout.write(`${JSON.stringify(result)}\n`);
  else
    process.stdout.write(
      [
        `the backup is whole; it was made at ${backup.header.made}`,
        ...plan.steps.map((step) => `  - ${step}`),
        "",
      ].join("\n"),
    );
  if (plan.refusals.length > 0)
    throw new OperatorError(`nothing was restored:\n${plan.refusals.map((why) => `  - ${why}`).join("\n")}`);
  if (flags.dryRun === true) return;
  await restore(backup, target);
  if (flags.json !== true) process.stdout.write("restored: now run goimg-secrets up\n");
}
