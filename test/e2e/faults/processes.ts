import { readdirSync, readFileSync } from "node:fs";

/** A process, as Linux shows it. */
export interface Process {
  readonly pid: number;
  readonly name: string;
  readonly line: string;
}

/** What of an update can be killed. */
export type UpdatePart = "engine" | "command" | "program" | "provider";

/** The processes that a process has started, and those that they have; itself first. */
export function family(root: number): readonly Process[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(name);
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const members = [root];
  for (const member of members) {
    for (const [pid, parent] of parents) if (parent === member) members.push(pid);
  }
  return members.map((pid) => ({
    pid,
    name: read(pid, "comm").trim(),
    line: read(pid, "cmdline").replaceAll("\0", " "),
  }));
}

/** The processes of a running command that are one part of its update; none when it has no such part now. */
export function partsOf(command: number, part: UpdatePart): readonly Process[] {
  const all = family(command);
  switch (part) {
    case "command":
      return all.slice(0, 1);
    case "engine":
      return all.filter(({ name, line }) => name === "pulumi" && /pulumi up|\bup\b/.test(line));
    case "program":
      return all.filter(
        ({ name, line }) => name.startsWith("pulumi-languag") || line.includes("@pulumi/pulumi/cmd/run"),
      );
    case "provider":
      return all.filter(({ name }) => name.startsWith("pulumi-resource"));
  }
}

/** Kills at once. Answers how many were still there. */
export function kill(processes: readonly Process[]): number {
  return processes.filter(({ pid }) => {
    try {
      process.kill(pid, "SIGKILL");
      return true;
    } catch {
      return false;
    }
  }).length;
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}
