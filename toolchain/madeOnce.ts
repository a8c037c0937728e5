import { existsSync } from "node:fs";
import path from "node:path";
import { withLock } from "./lock.ts";
import { cacheDirectory } from "./paths.ts";
import { reportToTerminal, type Report } from "./progress.ts";

/**
 * Makes what is not in the cache. Of several runs at once one makes it, and the others wait.
 *
 * @param place what is there once it is whole: `make` puts it there last, in one step
 * @param lock name of the lock: what has the same one is made one after the other
 */
export async function madeOnce(
  place: string,
  lock: string,
  make: () => Promise<void>,
  report: Report = reportToTerminal,
): Promise<void> {
  if (existsSync(place)) return;
  const unlessMade = async (): Promise<void> => {
    if (!existsSync(place)) await make();
  };
  await withLock(path.join(cacheDirectory(), `${lock}.lock`), unlessMade, report);
}
