import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { LockPlace } from "./locks.ts";

/** How many complete checkpoints are kept while an update runs. */
const most = 3;

/** Files of a stack in a backend that is a folder of this machine. */
interface Files {
  readonly checkpoint: string;
  readonly backup: string;
  /** Folder of the kept ones, outside of where pulumi looks for stacks, on the same file system. */
  readonly kept: string;
}

function filesOf({ backend, project, stack }: LockPlace): Files | undefined {
  if (!backend.startsWith("file://")) return undefined;
  const root = path.join(fileURLToPath(backend.replace(/\?.*$/, "")), ".pulumi");
  const checkpoint = path.join(root, "stacks", project, `${stack}.json`);
  return { checkpoint, backup: `${checkpoint}.bak`, kept: path.join(root, "goimg-kept", project, stack) };
}

/**
 * Keeps the last complete checkpoints of a stack while pulumi works on it.
 *
 * Why: when the disk is full, pulumi's file backend puts what it could write of a checkpoint in place of the last complete
 * one, and copies that over its backup: every value of the stack would be lost. A kept checkpoint is one more name of the same
 * file, so that it takes no room, and outlives this process.
 */
export class CheckpointKeeper {
  /** Settled when a checkpoint was cut off: going on can only do harm. */
  readonly broken: Promise<void>;
  readonly #place: LockPlace;
  readonly #close: () => void;
  /** What this one keeps, the oldest first: another update, which will be refused, may be starting at the same time. */
  readonly #own: string[] = [];

  /** Undefined where the state is not a folder of this machine, or the stack has no state there. */
  static open(place: LockPlace): CheckpointKeeper | undefined {
    const files = filesOf(place);
    if (files === undefined || !isComplete(files.checkpoint)) return undefined;
    return new CheckpointKeeper(place, files);
  }

  private constructor(place: LockPlace, files: Files) {
    this.#place = place;
    fs.mkdirSync(files.kept, { recursive: true, mode: 0o700 });
    const keep = (): void => {
      const link = path.join(files.kept, nextName());
      fs.linkSync(files.checkpoint, link);
      this.#own.push(link);
      if (this.#own.length > most) fs.rmSync(this.#own.shift() ?? "", { force: true });
    };
    keep();
    const name = path.basename(files.checkpoint);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.broken = promise;
    const watcher = fs.watch(path.dirname(files.checkpoint), (_event, changed) => {
      if (changed !== name) return;
      try {
        if (endsWell(files.checkpoint)) keep();
        else resolve(undefined);
      } catch {
        // Replaced between the look and the link: there is another event for that.
      }
    });
    this.#close = () => {
      watcher.close();
    };
  }

  /**
   * To be called when pulumi has ended: puts the last complete checkpoint back if the current one is cut off.
   *
   * @returns whether that was so
   */
  close(): boolean {
    this.#close();
    const restored = restoreCheckpoint(this.#place) === "restored";
    for (const link of this.#own) fs.rmSync(link, { force: true });
    return restored;
  }
}

/** Forgets what keepers that were killed have kept. To be called when no update runs, and the state is complete. */
export function forgetKept(place: LockPlace): void {
  const files = filesOf(place);
  if (files !== undefined) fs.rmSync(files.kept, { recursive: true, force: true });
}

/**
 * Puts the last complete checkpoint in the place of one that was cut off. It is moved, which needs no room on the disk.
 *
 * @returns `lost` when there is no complete one: the state has to come from a backup
 */
export function restoreCheckpoint(place: LockPlace): "complete" | "restored" | "lost" {
  const files = filesOf(place);
  if (files === undefined || isComplete(files.checkpoint)) return "complete";
  const candidates = [...kept(files), files.backup];
  const good = candidates.find((file) => isComplete(file));
  if (good === undefined) return fs.existsSync(files.checkpoint) ? "lost" : "complete";
  fs.renameSync(good, files.checkpoint);
  // It describes the file that it was written for.
  fs.rmSync(`${files.checkpoint}.attrs`, { force: true });
  return "restored";
}

/** The kept checkpoints, the newest first: by name, as a file system's clock is too coarse to tell two apart. */
function kept({ kept: folder }: Files): readonly string[] {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return names
    .sort()
    .reverse()
    .map((name) => path.join(folder, name));
}

let named = 0;

/** A name that sorts after all earlier ones of this process, and by the clock among processes. */
function nextName(): string {
  named += 1;
  return [String(Date.now()).padStart(15, "0"), String(named).padStart(8, "0"), randomUUID()].join("-");
}

function isComplete(file: string): boolean {
  try {
    JSON.parse(fs.readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}

/** The cheap look, at each of hundreds of checkpoints: one that was cut off ends in a brace by chance alone. */
function endsWell(file: string): boolean {
  const handle = fs.openSync(file, "r");
  try {
    const { size } = fs.fstatSync(handle);
    const tail = Buffer.alloc(2);
    fs.readSync(handle, tail, 0, 2, Math.max(0, size - 2));
    return tail.toString("latin1").trimEnd().endsWith("}");
  } finally {
    fs.closeSync(handle);
  }
}
