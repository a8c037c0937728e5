import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Target } from "./connection.ts";

/**
 * What the `ssh` command is told, which the Docker provider starts: this key, and this host key and no other.
 *
 * @param directory of this stack alone
 */
export function sshOptions(directory: string): readonly string[] {
  const option = (name: string, value: string): readonly string[] => ["-o", `${name}=${value}`];
  return [
    ...["-F", "none", "-i", path.join(directory, "id")],
    ...option("UserKnownHostsFile", path.join(directory, "known_hosts")),
    ...option("GlobalKnownHostsFile", "none"),
    ...option("StrictHostKeyChecking", "yes"),
    ...option("IdentitiesOnly", "yes"),
    ...option("BatchMode", "yes"),
  ];
}

/** Writes the key (0600) and the known host to the files that {@link sshOptions} names. */
export async function writeSshFiles(directory: string, { host, hostKey, privateKey }: Target): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  await replace(path.join(directory, "known_hosts"), `${host} ${hostKey}\n`);
  await replace(path.join(directory, "id"), privateKey.endsWith("\n") ? privateKey : `${privateKey}\n`);
}

/** In one step: another run may be reading it. */
async function replace(file: string, text: string): Promise<void> {
  const partial = `${file}.${process.pid}`;
  await writeFile(partial, text, { mode: 0o600 });
  await rename(partial, file);
}
