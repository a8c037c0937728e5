/** What an engine's containers weigh, and what a killed engine leaves of them. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { removeCgroups, weighContainers } from "../../../toolchain/cgroup.ts";

let machine = "";
beforeEach(() => {
  // What is root's on a machine is the user's here.
  vi.spyOn(process, "getuid").mockReturnValue(0);
  machine = mkdtempSync(path.join(tmpdir(), "goimg-cgroup-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(machine, { recursive: true, force: true });
});

/** Makes a folder of the machine. */
function folder(...parts: string[]): string {
  const made = path.join(machine, ...parts);
  mkdirSync(made, { recursive: true });
  return made;
}

test("without systemd the containers of an engine weigh as sixteen, in a cgroup of its own", async () => {
  const cpu = folder("sys/fs/cgroup/cpu");
  writeFileSync(path.join(cpu, "cpu.shares"), "1024\n");
  expect(await weighContainers("ours", machine)).toEqual(["--cgroup-parent=/ours"]);
  expect(readFileSync(path.join(cpu, "ours", "cpu.shares"), "utf8")).toBe("16384");
  expect(readFileSync(path.join(cpu, "cpu.shares"), "utf8")).toBe("1024\n");
});

test("systemd weighs them itself, and takes no parent that is no slice", async () => {
  writeFileSync(path.join(folder("sys/fs/cgroup/cpu"), "cpu.shares"), "1024\n");
  folder("run/systemd/system");
  expect(await weighContainers("ours", machine)).toEqual([]);
  expect(existsSync(path.join(machine, "sys/fs/cgroup/cpu/ours"))).toBe(false);
});

test("cgroup v2 is left as it is", async () => {
  writeFileSync(path.join(folder("sys/fs/cgroup"), "cgroup.controllers"), "cpu memory\n");
  expect(await weighContainers("ours", machine)).toEqual([]);
});

test("of a killed engine's containers nothing stays, and of another engine's everything", async () => {
  folder("sys/fs/cgroup/cpu/ours/container/child");
  folder("sys/fs/cgroup/memory/ours/container");
  const other = folder("sys/fs/cgroup/memory/other/container");
  await removeCgroups("ours", machine);
  expect(existsSync(path.join(machine, "sys/fs/cgroup/cpu/ours"))).toBe(false);
  expect(existsSync(path.join(machine, "sys/fs/cgroup/memory/ours"))).toBe(false);
  expect(existsSync(other)).toBe(true);
});

test("a machine without cgroups has nothing to remove", async () => {
  await expect(removeCgroups("ours", machine)).resolves.toBeUndefined();
});
