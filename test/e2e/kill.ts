import { spawn } from "node:child_process";
import { readdirSync, readFileSync, watch } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Project } from "./project.ts";

/** Numbers that look random and are the same for the same seed (mulberry32), from 0 to 1. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What dies: pulumi and everything that it started, or pulumi alone, whose plugins then notice by themselves. */
export type Victim = "all" | "pulumi";

/**
 * When it dies: so long after pulumi has written its state so many times, 0 being its start. Counted, and not timed, as a
 * machine that is slow today would be asked about other moments than yesterday.
 */
export interface Moment {
  readonly checkpoints: number;
  /** Milliseconds. */
  readonly delay: number;
}

/** Starts pulumi on the stack and kills it (SIGKILL) at a moment. Answers whether it was still running. */
export async function killed(
  project: Project,
  args: readonly string[],
  moment: Moment,
  victim: Victim,
): Promise<boolean> {
  const writes = checkpoints(project);
  const child = spawn("pulumi", [...args, "--stack", project.stack, "--non-interactive"], {
    cwd: project.place.directory,
    env: { ...process.env, ...project.place.env },
    stdio: "ignore",
  });
  const ended = new Promise<true>((done) =>
    child.on("close", () => {
      done(true);
    }),
  );
  try {
    const due = writes.after(moment.checkpoints).then(() => sleep(moment.delay, false));
    if ((await Promise.race([ended, due])) || child.pid === undefined) return false;
    // Stopped first, so that none of them starts another while the list is made.
    const victims = victim === "all" ? [child.pid, ...descendants(child.pid)] : [child.pid];
    for (const pid of victims) signal(pid, "SIGKILL");
    await ended;
    return true;
  } finally {
    writes.close();
  }
}

/** Resolves after so many writes of the state; to be closed. */
interface Checkpoints {
  readonly after: (count: number) => Promise<void>;
  readonly close: () => void;
}

/** Counts how often the stack's state is written: each time, pulumi's file backend puts a new file in its place. */
export function checkpoints({ state, stack }: Project): Checkpoints {
  let seen = 0;
  let look = (): void => undefined;
  const files = [".json", ".json.zst", ".json.gz"].map((ending) => stack + ending);
  const watcher = watch(path.join(state, ".pulumi", "stacks", "goimg-secrets"), (event, name) => {
    if (event !== "rename" || name === null || !files.includes(name)) return;
    seen += 1;
    look();
  });
  return {
    after: (count) =>
      new Promise((done) => {
        look = () => {
          if (seen >= count) done();
        };
        look();
      }),
    close: () => {
      watcher.close();
    },
  };
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

/** Processes that a process has started, and those that they have. */
function descendants(root: number): readonly number[] {
  signal(root, "SIGSTOP");
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === root)
    .map(Number);
  return children.flatMap((pid) => [pid, ...descendants(pid)]);
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return -1;
  }
}
