import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { decode } from "../state/compression.ts";
import { stateFolder } from "../state/files.ts";
import type { LockPlace } from "./locks.ts";

/** How many complete checkpoints are kept while an update runs. */
const most = 3;

const plain = ".json";
/** What follows a checkpoint's name: pulumi compresses on demand (PULUMI_DIY_BACKEND_ZSTD, _GZIP). */
const endings: readonly string[] = [plain, ".json.zst", ".json.gz"];

/** Files of a stack in a backend that is a folder of this machine. */
interface Files {
  /** The stack's checkpoint in every ending: there is one of them, but for the moment in which its compression changes. */
  readonly checkpoints: readonly string[];
  /** Folder of the kept ones, outside of where pulumi looks for stacks, on the same file system. */
  readonly kept: string;
}

function filesOf({ backend, project, stack }: LockPlace): Files | undefined {
  const root = stateFolder(backend);
  if (root === undefined) return undefined;
  const checkpoint = path.join(root, "stacks", project, stack);
  return {
    checkpoints: endings.map((ending) => checkpoint + ending),
    kept: path.join(root, "goimg-kept", project, stack),
  };
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
    const current = files?.checkpoints.find((file) => isComplete(file));
    return files === undefined || current === undefined ? undefined : new CheckpointKeeper(place, files, current);
  }

  private constructor(place: LockPlace, files: Files, current: string) {
    this.#place = place;
    fs.mkdirSync(files.kept, { recursive: true, mode: 0o700 });
    const keep = (file: string): void => {
      const link = path.join(files.kept, nextName() + endingOf(file));
      fs.linkSync(file, link);
      this.#own.push(link);
      if (this.#own.length > most) fs.rmSync(this.#own.shift() ?? "", { force: true });
    };
    keep(current);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.broken = promise;
    const watcher = fs.watch(path.dirname(current), (_event, changed) => {
      const file = files.checkpoints.find((checkpoint) => path.basename(checkpoint) === changed);
      if (file === undefined) return;
      try {
        if (endsWell(file)) keep(file);
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
  if (files === undefined) return "complete";
  const cut = files.checkpoints.filter((file) => fs.existsSync(file) && !isComplete(file));
  const whole = files.checkpoints.some((file) => isComplete(file));
  const candidates = [...kept(files), ...files.checkpoints.map((file) => `${file}.bak`)];
  const good = candidates.find((file) => isComplete(file));
  if (!whole && good === undefined) return cut.length > 0 ? "lost" : "complete";
  for (const file of cut) {
    fs.rmSync(file);
    // It describes the file that it was written for.
    fs.rmSync(`${file}.attrs`, { force: true });
  }
  if (whole || good === undefined) return "complete";
  const restored = files.checkpoints.find((file) => endingOf(file) === endingOf(good)) ?? "";
  fs.renameSync(good, restored);
  fs.rmSync(`${restored}.attrs`, { force: true });
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

/** What of {@link endings} a checkpoint, its backup, or a kept one has. */
function endingOf(file: string): string {
  const name = file.replace(/\.bak$/, "");
  return endings.find((ending) => name.endsWith(ending)) ?? plain;
}

function isComplete(file: string): boolean {
  try {
    JSON.parse(decode(fs.readFileSync(file)).text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The cheap look, at each of hundreds of checkpoints: one that was cut off ends in a brace by chance alone. A compressed one is
 * not cheap to look at, but small.
 *
 * @throws if it is gone
 */
function endsWell(file: string): boolean {
  if (endingOf(file) !== plain) return isComplete(file) || !fs.statSync(file).isFile();
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
