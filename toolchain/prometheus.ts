import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import path from "node:path";
import { OperatorError } from "../cli/error.ts";
import { cacheDirectory } from "./paths.ts";
import { findCommand, run, runAsRoot, runOrFail } from "./process.ts";

/** Where the two programs are. */
export interface Prometheus {
  readonly prometheus: string;
  readonly promtool: string;
}

/**
 * Prometheus and its tool, for tests: this machine's, else those of Debian's package, unpacked in the cache. Nothing is installed, as
 * the package would start a server.
 *
 * @throws OperatorError where there are neither
 */
export async function prometheusTools(): Promise<Prometheus> {
  const [prometheus, promtool] = await Promise.all([findCommand("prometheus"), findCommand("promtool")]);
  if (prometheus !== undefined && promtool !== undefined) return { prometheus, promtool };
  const directory = path.join(cacheDirectory(), "prometheus");
  if (!existsSync(directory)) await unpack(directory);
  return { prometheus: path.join(directory, "usr/bin/prometheus"), promtool: path.join(directory, "usr/bin/promtool") };
}

async function unpack(directory: string): Promise<void> {
  if ((await findCommand("apt-get")) === undefined || (await findCommand("dpkg-deb")) === undefined) {
    throw new OperatorError(
      "prometheus and promtool are missing, and there is no apt-get: install Prometheus 2.42 or newer",
    );
  }
  await mkdir(path.dirname(directory), { recursive: true });
  const partial = await mkdtemp(`${directory}-`);
  try {
    if ((await run("apt-get", ["download", "prometheus"], { cwd: partial })).exitCode !== 0) {
      // A machine that has never asked knows of no packages.
      await runAsRoot("apt-get", ["update", "-qq"]);
      await runOrFail("apt-get", ["download", "prometheus"], { cwd: partial });
    }
    const archive = (await readdir(partial)).find((name) => name.endsWith(".deb"));
    if (archive === undefined) throw new OperatorError("apt-get download gave no package of Prometheus");
    const content = path.join(partial, "content");
    await runOrFail("dpkg-deb", ["--extract", path.join(partial, archive), content]);
    // Another run may have been quicker.
    if (!existsSync(directory)) await rename(content, directory);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
