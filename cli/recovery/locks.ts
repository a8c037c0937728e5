import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import * as z from "zod";
import { OperatorError } from "../error.ts";
import { openState, type StateFiles } from "../state/files.ts";

/** What pulumi writes into a lock of a folder or a bucket (pkg/backend/diy/lock.go). */
const lockSchema = z.object({
  pid: z.number(),
  username: z.string(),
  hostname: z.string(),
  timestamp: z.string(),
});

/** A lock on a stack, with the process that took it. */
export interface Lock extends z.infer<typeof lockSchema> {
  /** Its key in the backend's files. */
  readonly key: string;
}

/** Another update of the stack is under way: it ends by itself. */
export class StackLocked extends OperatorError {}

/** Which stack's locks, and where. */
export interface LockPlace {
  /** `PULUMI_BACKEND_URL`. Folders and S3 buckets are looked at. */
  readonly backend: string;
  readonly project: string;
  readonly stack: string;
}

/** The locks on a stack; none for a backend that is neither a folder nor an S3 bucket. */
export async function locks(place: LockPlace): Promise<readonly Lock[]> {
  const files = await openState(place.backend, process.env);
  return files === undefined ? [] : locksIn(files, place);
}

const folderOf = ({ project, stack }: LockPlace): string => `locks/organization/${project}/${stack}`;

async function locksIn(files: StateFiles, place: LockPlace): Promise<readonly Lock[]> {
  const keys = await files.list(folderOf(place));
  const found = await Promise.all(
    keys
      .filter((key) => key.endsWith(".json"))
      .map(async (key) => {
        const text = await files.read(key);
        return text === undefined ? undefined : { ...parseLock(text.toString("utf8")), key };
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
 * @param machine this machine's name
 * @throws StackLocked if a holder is at work, or is on another machine and so can't be asked
 */
export async function releaseStale(place: LockPlace, machine: string): Promise<readonly Lock[]> {
  const files = await openState(place.backend, process.env);
  if (files === undefined) return [];
  const held = await locksIn(files, place);
  for (const lock of held) {
    if (lock.pid !== 0 && lock.hostname !== machine) {
      throw new StackLocked(
        `the stack ${place.stack} is locked by ${lock.username}@${lock.hostname} (process ${lock.pid}, since ${lock.timestamp}): wait for that update to end; if that machine is gone, run: pulumi cancel --stack ${place.stack}`,
      );
    }
    if (lock.pid !== 0 && (await isAtWork(lock.pid))) {
      throw new StackLocked(
        `another update of the stack ${place.stack} is running (process ${lock.pid}, since ${lock.timestamp}): wait for it to end, and run this again`,
      );
    }
  }
  await Promise.all(held.map(({ key }) => files.remove(key)));
  return held;
}

/**
 * Does `work` while no update of the stack can run: under a lock as pulumi's own, which looks for others' before and after it
 * has taken its own. What a dead one left is released first.
 *
 * @throws StackLocked if an update is running
 */
export async function withStackLock<T>(files: StateFiles, place: LockPlace, work: () => Promise<T>): Promise<T> {
  await releaseStale(place, hostname());
  const key = `${folderOf(place)}/${randomUUID()}.json`;
  const content: z.infer<typeof lockSchema> = {
    pid: process.pid,
    username: userInfo().username,
    hostname: hostname(),
    timestamp: new Date().toISOString(),
  };
  await files.write(key, Buffer.from(JSON.stringify(content)));
  try {
    const other = (await locksIn(files, place)).find((lock) => lock.key !== key);
    if (other !== undefined)
      throw new StackLocked(
        `an update of the stack ${place.stack} has just begun: wait for it to end, and run this again`,
      );
    return await work();
  } finally {
    await files.remove(key);
  }
}

/**
 * A number can be given to another process after its holder's death: its name is what tells, or its arguments where it is this
 * command ({@link withStackLock}).
 */
async function isAtWork(pid: number): Promise<boolean> {
  try {
    if ((await readFile(`/proc/${pid}/comm`, "utf8")).startsWith("pulumi")) return true;
    return (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").includes(lockingCommand);
  } catch {
    return false;
  }
}

/** The command that takes stacks' locks by itself. */
const lockingCommand = "passphrase";
