import { createHash, type Hash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

/** Files above this many bytes come from packages, whose contents the lockfile pins: their size stands for them. */
const largest = 4 * 1024 * 1024;

/** Folders that hold what was built or installed, never what is built from. */
const ignored = new Set(["node_modules", "dist", ".cache"]);

/**
 * Hash of files and folders: their paths relative to `root`, whether they are executable, and their contents. Synchronous,
 * as a Pulumi program names images by it before it declares anything.
 *
 * @returns 64 hexadecimal digits.
 */
export function hashInputs(root: string, inputs: readonly string[], extra: readonly string[] = []): string {
  const hash = createHash("sha256");
  for (const text of extra) hash.update(`${text}\0`);
  for (const input of [...inputs].sort()) addPath(hash, root, input);
  return hash.digest("hex");
}

function addPath(hash: Hash, root: string, relative: string): void {
  const absolute = path.join(root, relative);
  const status = statSync(absolute);
  if (status.isDirectory()) {
    for (const entry of readdirSync(absolute).sort()) {
      if (!ignored.has(entry)) addPath(hash, root, path.join(relative, entry));
    }
    return;
  }
  const executable = (status.mode & 0o100) === 0 ? "-" : "x";
  hash.update(`${relative}\0${executable}\0${status.size}\0`);
  if (status.size <= largest) hash.update(readFileSync(absolute));
}
