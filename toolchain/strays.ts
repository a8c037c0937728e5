import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { runAsRoot } from "./process.ts";

/**
 * True when the process was started with that folder among its arguments: dockerd, containerd and their shims all name their
 * engine's folder, and no two engines share one.
 */
export async function processIsOurs(pid: number, directory: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return commandLine
    .split("\0")
    .some((argument) => argument.includes(`${directory}/`) || argument.endsWith(`=${directory}`));
}

/**
 * Ends every process of an engine, by its id: those that name that folder, and what they started. A container whose shim is
 * killed would go on without it, and hold its volume.
 */
export async function endStrays(directory: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const strays = await findProcesses(directory);
    if (strays.length === 0) return;
    // Fails when one has just ended: the next look tells.
    await runAsRoot("kill", ["-KILL", ...strays.map(String)]).catch(() => undefined);
    await sleep(50);
  }
}

async function findProcesses(directory: string): Promise<number[]> {
  const pids = (await readdir("/proc")).map(Number).filter((pid) => pid > 0);
  const spared = [process.pid, process.ppid];
  const children = new Map<number, number[]>();
  const found: number[] = [];
  for (const pid of pids.filter((each) => !spared.includes(each))) {
    const parent = await parentOf(pid);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
    if ((await isEngine(pid)) && (await processIsOurs(pid, directory))) found.push(pid);
  }
  // An array that grows while it is gone through: down to the last grandchild.
  for (const pid of found) found.push(...(children.get(pid) ?? []).filter((child) => !found.includes(child)));
  return found;
}

/** Id of the parent ("ppid", proc(5)); 0 for a process that has ended. */
async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is the program's name in brackets, and may hold any character.
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
}

/** Programs of an engine: a shell or editor that names the folder is no stray. */
const programs = /^(dockerd|containerd|containerd-shim|docker-proxy)/;

async function isEngine(pid: number): Promise<boolean> {
  return programs.test(await readFile(`/proc/${pid}/comm`, "utf8").catch(() => ""));
}

/** Unmounts those folders, which dockerd mounts onto themselves, and everything below them, the innermost first. */
export async function unmountAll(directories: readonly string[]): Promise<void> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  const points = table.split("\n").map((line) => unescape(line.split(" ")[4] ?? ""));
  const ours = points.filter((point) =>
    directories.some((directory) => point === directory || point.startsWith(`${directory}/`)),
  );
  if (ours.length > 0) await runAsRoot("umount", ["--lazy", ...ours.reverse()]);
}

/** The table writes blanks and backslashes as `\040`. */
function unescape(point: string): string {
  return point.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
