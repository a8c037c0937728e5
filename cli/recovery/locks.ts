import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { OperatorError } from "../error.ts";

/** What pulumi writes into a lock of its file backend (pkg/backend/diy/lock.go). */
const lockSchema = z.object({
  pid: z.number(),
  username: z.string(),
  hostname: z.string(),
  timestamp: z.string(),
});

/** A lock on a stack, with the process that took it. */
export interface Lock extends z.infer<typeof lockSchema> {
  readonly file: string;
}

/** Another update of the stack is under way: it ends by itself. */
export class StackLocked extends OperatorError {}

/** Which stack's locks, and where. */
export interface LockPlace {
  /** `PULUMI_BACKEND_URL`. Only `file://` backends are looked at: others' locks belong to other machines as well. */
  readonly backend: string;
  readonly project: string;
  readonly stack: string;
}

/** The locks on a stack; none for a backend that is not a directory of this machine. */
export async function locks({ backend, project, stack }: LockPlace): Promise<readonly Lock[]> {
  if (!backend.startsWith("file://")) return [];
  const state = fileURLToPath(backend.replace(/\?.*$/, ""));
  const directory = path.join(state, ".pulumi", "locks", "organization", project, stack);
  const names = await readdir(directory).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith(".json"))
      .map(async (name) => {
        const file = path.join(directory, name);
        const text = await readFile(file, "utf8").catch(() => undefined);
        return text === undefined ? undefined : { ...parseLock(text), file };
      }),
  );
  return found.filter((lock) => lock !== undefined);
}

/** A lock that was cut off while it was written has no holder that could still be at work. */
function parseLock(text: string): z.infer<typeof lockSchema> {
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch {
    return { pid: 0, username: "", hostname: "", timestamp: "" };
  }
}

/**
 * Removes the locks whose holder died without letting go, and answers them.
 *
 * Rule: exactly these files. Why: `pulumi cancel` removes every lock of the stack, that of an update which started a
 * moment ago included.
 *
 * @param hostname this machine's name
 * @throws StackLocked if a holder is at work, or is on another machine and so can't be asked
 */
export async function releaseStale(place: LockPlace, hostname: string): Promise<readonly Lock[]> {
  const held = await locks(place);
  for (const lock of held) {
    if (lock.pid !== 0 && lock.hostname !== hostname) {
      throw new StackLocked(
        `the stack ${place.stack} is locked by ${lock.username}@${lock.hostname} (process ${lock.pid}, since ${lock.timestamp}): wait for that update to end; if that machine is gone, run: pulumi cancel --stack ${place.stack}`,
      );
    }
    if (lock.pid !== 0 && (await isPulumi(lock.pid))) {
      throw new StackLocked(
        `another update of the stack ${place.stack} is running (process ${lock.pid}, since ${lock.timestamp}): wait for it to end, and run this again`,
      );
    }
  }
  await Promise.all(held.map(({ file }) => rm(file, { force: true })));
  return held;
}

/** A number can be given to another process after its holder's death: its name is what tells. */
async function isPulumi(pid: number): Promise<boolean> {
  try {
    return (await readFile(`/proc/${pid}/comm`, "utf8")).startsWith("pulumi");
  } catch {
    return false;
  }
}
