import { execFile } from "node:child_process";
import { chmod, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { OperatorError } from "../error.ts";

const run = promisify(execFile);

/**
 * Refuses places where a value in the clear would be seen by others, or kept by git.
 *
 * @throws OperatorError with every reason
 */
export async function refuseUnsafe(file: string): Promise<void> {
  const folder = path.dirname(path.resolve(file));
  const reasons: string[] = [];
  const info = await stat(folder).catch(() => undefined);
  if (info?.isDirectory() !== true) reasons.push(`${folder} is no folder`);
  else if ((info.mode & 0o022) !== 0 && (info.mode & 0o1000) === 0) reasons.push(`${folder} is writable by others`);
  const repository = await run("git", ["-C", folder, "rev-parse", "--show-toplevel"]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  if (repository !== undefined)
    reasons.push(`it is in the git repository ${repository}: choose a folder outside of it`);
  if (reasons.length > 0)
    throw new OperatorError(`values in the clear are not written to ${file}: ${reasons.join("; ")}`, 2);
}

/** Writes a file that its owner alone can read, in one step. */
export async function writePrivately(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.partial`;
  const handle = await open(temporary, "wx", 0o600);
  try {
    await chmod(temporary, 0o600);
    await handle.writeFile(text);
    await handle.sync();
    await handle.close();
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
