import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
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

/** Starts pulumi on the stack and kills it (SIGKILL) after so many milliseconds. Answers whether it was still running. */
export async function killed(
  project: Project,
  args: readonly string[],
  after: number,
  victim: Victim,
): Promise<boolean> {
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
  const early = await Promise.race([ended, sleep(after, false)]);
  if (early || child.pid === undefined) return false;
  // Stopped first, so that none of them starts another while the list is made.
  const victims = victim === "all" ? [child.pid, ...descendants(child.pid)] : [child.pid];
  for (const pid of victims) signal(pid, "SIGKILL");
  await ended;
  return true;
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
