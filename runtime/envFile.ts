/**
 * The development store's file: one line for each generation, `DB_PASSWORD__2="…"`, the value as a JSON string. It is outside the
 * repository, mode 0600, and belongs to the user that reads it: anything else is refused, because a file that others can read, or
 * that `git add` can pick up, is a leak that has not happened yet.
 */
import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import path from "node:path";
import { ProviderError } from "./providerError.ts";

/** Name of a generation's variable. */
export function variableOf(entry: string, generation: number): string {
  return `${entry}__${generation}`;
}

/** Text of a file, lines sorted, so that it does not change when nothing does. */
export function formatEnvFile(values: ReadonlyMap<string, string>): string {
  const lines = [...values].map(([name, value]) => `${name}=${JSON.stringify(value)}`).sort();
  return ["# Written by pulumi up: development only. Do not edit, copy or commit.", ...lines, ""].join("\n");
}

/** @throws ProviderError `unreadable`, with the number of the first line that is not of the format */
export function parseEnvFile(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name = "", json = ""] = /^([A-Z][A-Z0-9_]*__[1-9]\d*)=(".*")$/.exec(line) ?? [];
    const value = textOf(json);
    if (value === undefined) {
      throw new ProviderError(
        "unreadable",
        `can't be read: line ${index + 1} of SECRETS_ENV_FILE is not NAME__G="value"`,
      );
    }
    values.set(name, value);
  }
  return values;
}

function textOf(json: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads the file, after its mode, its owner and its place were found to be safe.
 *
 * @throws ProviderError that names the reason and the fix, never the path's text or the file's
 */
export async function readEnvFile(file: string): Promise<Map<string, string>> {
  if (!path.isAbsolute(file)) throw new ProviderError("missing", "is not there: SECRETS_ENV_FILE must be absolute");
  const repository = await repositoryOf(file);
  if (repository) {
    throw new ProviderError("mode-too-open", "is in a git repository; keep SECRETS_ENV_FILE outside of it");
  }
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(file, flags).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT")
      throw new ProviderError("missing", "is not there; run pulumi up, or set SECRETS_ENV_FILE");
    throw new ProviderError("unreadable", "can't be read: SECRETS_ENV_FILE must be a file of this user");
  });
  try {
    const { mode, uid, size } = await handle.stat();
    if ((mode & 0o7777) !== 0o600)
      throw new ProviderError("mode-too-open", "is in a file that is not 0600; run chmod 600 on it");
    if (uid !== process.geteuid?.())
      throw new ProviderError("wrong-owner", "is in a file of another user; run pulumi up as this one");
    if (size > largest) throw new ProviderError("too-large", "is in a file that is too large");
    return parseEnvFile(await handle.readFile("utf8"));
  } finally {
    await handle.close();
  }
}

/** Bytes of the largest file that is read. */
const largest = 64 * 1024 * 1024;

/** Whether a folder above the file is a git repository. */
export async function repositoryOf(file: string): Promise<boolean> {
  for (let folder = path.dirname(path.resolve(file)); ; folder = path.dirname(folder)) {
    if (
      await stat(path.join(folder, ".git")).then(
        () => true,
        () => false,
      )
    )
      return true;
    if (folder === path.dirname(folder)) return false;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
