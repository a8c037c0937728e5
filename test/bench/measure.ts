import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { OperatorError } from "../../cli/error.ts";
import type { Command } from "./contenders/contender.ts";

/** Cost of one run of a command, in seconds. */
export interface Cost {
  readonly wall: number;
  /** User and system time of the process and its descendants; the engine's own work is not in it. */
  readonly cpu: number;
}

/** The kernel's unit of CPU times in `/proc`: USER_HZ, 100 on every Linux that Docker supports. */
const ticksPerSecond = 100;

/** Runs a command to its end. @throws OperatorError with the end of its output if it fails. */
export async function measure({ command, args, cwd, env }: Command): Promise<Cost> {
  const cpuBefore = childrenCpu();
  const started = performance.now();
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => output.push(chunk));
  const exitCode = await new Promise<number | null>((done, fail) => {
    child.on("error", fail);
    child.on("close", done);
  });
  const wall = (performance.now() - started) / 1000;
  if (exitCode !== 0) {
    const said = Buffer.concat(output).toString("utf8").trim().split("\n").slice(-15).join("\n");
    throw new OperatorError(`${command} ${args[0] ?? ""} failed (exit code ${exitCode ?? "none"}):\n${said}`);
  }
  return { wall, cpu: childrenCpu() - cpuBefore };
}

/** CPU seconds of all ended descendants (proc(5): cutime and cstime, the 16th and 17th field of stat). */
function childrenCpu(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  // The second field is the program's name in parentheses, and may hold spaces; the third is the first after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
}

/** The middle value; of an even number, the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}
