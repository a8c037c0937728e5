import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { asRoot, run, runAsRoot } from "./process.ts";

/** What a container weighs when nothing is asked: `cpu.shares` of Linux' cgroup v1. */
const containerShares = 1024;
/** So many containers, about as many as the stack has tasks, weigh what each would by itself. */
const containers = 16;

/**
 * Lets an engine's containers weigh as they do on a node with systemd: there each is a unit beside docker.service, and has as
 * much of the processors as that. Without systemd Docker's driver `cgroupfs` puts all of them into one cgroup of the weight
 * of one, so that a service shares with every other what the engine has alone. Here that cgroup is the engine's own, and
 * weighs as {@link containers}.
 *
 * @param name of the cgroup, which no other engine of the machine has
 * @param machine the machine's root folder
 * @returns flags for dockerd; none where systemd, or cgroup v2, has the say
 */
export async function weighContainers(name: string, machine = "/"): Promise<string[]> {
  const cpu = path.join(machine, "sys/fs/cgroup/cpu");
  if (existsSync(path.join(machine, "run/systemd/system")) || !existsSync(path.join(cpu, "cpu.shares"))) return [];
  await runAsRoot("mkdir", ["--parents", path.join(cpu, name)]);
  await runAsRoot("tee", [path.join(cpu, name, "cpu.shares")], { input: String(containerShares * containers) });
  return [`--cgroup-parent=/${name}`];
}

/** Removes the cgroups that an engine left; a killed one leaves those of all its containers. */
export async function removeCgroups(name: string, machine = "/"): Promise<void> {
  const root = path.join(machine, "sys/fs/cgroup");
  const controllers = await readdir(root).catch(() => []);
  const left = controllers.map((controller) => path.join(root, controller, name)).filter((each) => existsSync(each));
  // Fails for one in which a process is still ending: the engine's next start or end removes it.
  if (left.length > 0) await run(...asRoot("find", [...left, "-depth", "-type", "d", "-delete"]));
}
