import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import path from "node:path";
import { OperatorError } from "../cli/error.ts";
import { cacheDirectory } from "./paths.ts";
import { findCommand, run, runAsRoot, runOrFail } from "./process.ts";

/**
 * A folder of the cache with the files of Debian's packages, for tests. Nothing is installed, as a package would start its server.
 *
 * @param name the folder's, for good: another set of packages needs another one
 * @throws OperatorError, with what to install instead, where there is no apt-get
 */
export async function unpacked(name: string, packages: readonly string[], instead: string): Promise<string> {
  const directory = path.join(cacheDirectory(), name);
  if (existsSync(directory)) return directory;
  if ((await findCommand("apt-get")) === undefined || (await findCommand("dpkg-deb")) === undefined) {
    throw new OperatorError(`${name} is missing, and there is no apt-get: ${instead}`);
  }
  await mkdir(path.dirname(directory), { recursive: true });
  const partial = await mkdtemp(`${directory}-`);
  try {
    const download = ["download", ...packages];
    if ((await run("apt-get", download, { cwd: partial })).exitCode !== 0) {
      // A machine that has never asked knows of no packages.
      await runAsRoot("apt-get", ["update", "-qq"]);
      await runOrFail("apt-get", download, { cwd: partial });
    }
    const content = path.join(partial, "content");
    for (const archive of (await readdir(partial)).filter((file) => file.endsWith(".deb")))
      await runOrFail("dpkg-deb", ["--extract", path.join(partial, archive), content]);
    // Another run may have been quicker.
    if (!existsSync(directory)) await rename(content, directory);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return directory;
}
