import { randomBytes } from "node:crypto";
import { link, readFile, rename, stat } from "node:fs/promises";
import { OperatorError } from "../error.ts";
import { writeWhole } from "../wholeFile.ts";

/** The old passphrase and the new one, and where they are. */
export interface Passphrases {
  readonly old: string;
  /** Undefined in a dry run that would generate it. */
  readonly new: string | undefined;
  /** File of the new one. */
  readonly newFile: string;
  /** The file that the new one takes the place of at the end; undefined when it stays where it is. */
  readonly replaces: string | undefined;
}

const bytes = 32;
const shortest = 16;

/**
 * Finds both passphrases. Without a file for the new one it is generated beside the old one, under a name that a run which
 * follows a killed one finds again.
 *
 * @param given file of the new one, from the command line; generated there if there is none
 * @throws OperatorError if one can't be used, with what to do
 */
export async function openPassphrases(
  env: NodeJS.ProcessEnv,
  given: string | undefined,
  apply: boolean,
): Promise<Passphrases> {
  const current = env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  const inEnvironment = env["PULUMI_CONFIG_PASSPHRASE"];
  if (inEnvironment === undefined && current === undefined)
    throw new OperatorError("there is no passphrase: set PULUMI_CONFIG_PASSPHRASE_FILE", 2);
  if (given === undefined && (inEnvironment !== undefined || current === undefined))
    throw new OperatorError(
      "PULUMI_CONFIG_PASSPHRASE is set, which this command can't change: say where the new passphrase goes (--new-passphrase-file FILE)",
      2,
    );
  const own = current === undefined ? undefined : nextTo(current);
  if (given !== undefined && own !== undefined && given !== own && (await exists(own)))
    throw new OperatorError(`a change to ${own} was begun: finish it first, without --new-passphrase-file`, 2);
  const newFile = given ?? own ?? "";
  const old = inEnvironment ?? (await readPassphrase(current ?? ""));
  if (apply && !(await exists(newFile))) await writeWhole(newFile, randomBytes(bytes).toString("base64url"), 0o600);
  const next = (await exists(newFile)) ? await readPassphrase(newFile) : undefined;
  if (next === old) throw new OperatorError(`${newFile} holds the passphrase that is in use`, 2);
  if (next !== undefined && next.length < shortest)
    throw new OperatorError(`the passphrase in ${newFile} is too short: at least ${shortest} characters`, 2);
  return { old, new: next, newFile, replaces: given === undefined ? current : undefined };
}

const nextTo = (file: string): string => `${file}.next`;

/**
 * Puts the new passphrase in the old one's place. Safe to be killed in.
 *
 * @returns the file that keeps the old one; undefined when none was replaced
 */
export async function takeOver({ newFile, replaces }: Passphrases): Promise<string | undefined> {
  if (replaces === undefined) return undefined;
  const kept = await keep(replaces);
  await rename(newFile, replaces);
  return kept;
}

/** One more name of the file, `FILE.old`, or the first of `FILE.old.2` … that is free. */
async function keep(file: string): Promise<string> {
  const { ino } = await stat(file);
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? `${file}.old` : `${file}.old.${number}`;
    const present = await stat(name).catch(() => undefined);
    // A run that was killed here has kept it already.
    if (present?.ino === ino) return name;
    if (present !== undefined) continue;
    await link(file, name);
    return name;
  }
}

/** As pulumi reads it. @throws OperatorError if others can read it too, or it is empty */
async function readPassphrase(file: string): Promise<string> {
  const info = await stat(file).catch(() => undefined);
  if (info?.isFile() !== true) throw new OperatorError(`there is no passphrase file ${file}`, 2);
  if ((info.mode & 0o077) !== 0) throw new OperatorError(`${file} can be read by others: chmod 600 ${file}`, 2);
  const passphrase = (await readFile(file, "utf8")).trim();
  if (passphrase === "") throw new OperatorError(`${file} is empty`, 2);
  return passphrase;
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
