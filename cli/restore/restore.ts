import { copyFile, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { decrypt, readIdentities } from "../backup/age.ts";
import { unpack, type Backup } from "../backup/archive.ts";
import { locate } from "../backup/places.ts";
import { OperatorError } from "../error.ts";
import { pulumiOrFail } from "../pulumi.ts";
import { writeWhole } from "../wholeFile.ts";
import { runOrFail } from "../../toolchain/process.ts";
import type { RestoreTarget } from "./plan.ts";

/**
 * Opens a backup and checks that it is whole.
 *
 * @throws OperatorError if it is not, or none of the identities opens it
 */
export async function openBackup(address: string, identityFile: string): Promise<Backup> {
  const identities = await readIdentities(identityFile);
  const { place, name } = await locate(address, process.env);
  const plaintext = await decrypt(await place.get(name), identities);
  // A chunk that was changed ends the stream with an error: unpack hears of it by its end that is missing.
  return unpack(plaintext);
}

/** Puts a backup's files in their places, and its state into the backend. Safe to run again. */
export async function restore({ header, files }: Backup, target: RestoreTarget): Promise<void> {
  const { stack } = header;
  const passphrase = files.get("passphrase");
  if (passphrase !== undefined && target.passphraseFile !== undefined)
    await writePrivate(target.passphraseFile, passphrase);
  const config = path.join(target.cwd, `Pulumi.${stack}.yaml`);
  await keepOther(config, files.get("stack.yaml"));
  await writeWhole(config, files.get("stack.yaml") ?? Buffer.alloc(0), 0o644);
  const audit = files.get("audit.jsonl");
  const present = await readFile(target.auditFile).catch(() => undefined);
  if (audit !== undefined && (present === undefined || audit.subarray(0, present.length).equals(present))) {
    await mkdir(path.dirname(target.auditFile), { recursive: true, mode: 0o700 });
    await writePrivate(target.auditFile, audit);
  }
  const run = { cwd: target.cwd, env: target.env, output: "capture" } as const;
  await pulumiOrFail(["stack", "select", "--create", stack], run);
  // Its values are encrypted; through a pipe it needs no file.
  await runOrFail("pulumi", ["stack", "import", "--stack", stack, "--non-interactive"], {
    cwd: target.cwd,
    env: { ...process.env, ...target.env },
    input: files.get("state.json")?.toString("utf8") ?? "",
  }).catch((error: unknown) => {
    throw new OperatorError(
      `the state could not be imported: ${error instanceof Error ? error.message : "unknown error"}`,
    );
  });
}

/** A config that differs is kept beside the restored one. */
async function keepOther(file: string, content: Buffer | undefined): Promise<void> {
  const present = await readFile(file).catch(() => undefined);
  if (present !== undefined && content !== undefined && !present.equals(content))
    await copyFile(file, `${file}.before-restore`);
}

async function writePrivate(file: string, content: Buffer): Promise<void> {
  await writeWhole(file, content, 0o600);
}
