/** The project's own Docker Engine: it comes up, survives being killed, and leaves nothing behind when it is stopped. */
import { readFile, readdir, rm, mkdtemp, writeFile, access } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { daemonPaths, namespaceFile } from "../../toolchain/daemon.ts";
import { dockerAnswers, dockerOrFail } from "../../toolchain/docker.ts";
import { ensureEngine, insideEngine, stopEngine, type Engine } from "../../toolchain/engine.ts";
import { runAsRoot, runOrFail } from "../../toolchain/process.ts";
import { readRecord } from "../../toolchain/record.ts";

const surrounding = process.env["DOCKER_HOST"];
const quiet = (): void => undefined;
let directory = "";

beforeAll(async () => {
  // An installation of its own, beside the one whose engine these tests run in.
  directory = await mkdtemp(path.join(tmpdir(), "goimg-engine-"));
  vi.stubEnv("XDG_STATE_HOME", path.join(directory, "state"));
  vi.stubEnv("GOIMG_CACHE", path.join(directory, "cache"));
});

afterAll(async () => {
  await stopEngine("test", quiet);
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

const start = async (): Promise<Engine> => ensureEngine({ name: "test", report: quiet });
const pid = async (): Promise<number> => Number(await readFile(daemonPaths("test").pidFile, "utf8"));

test("starts in a network of its own, as a Swarm of one node, and is found again", async () => {
  const engine = await start();
  expect(engine).toMatchObject({ name: "test", owned: true, namespace: namespaceFile("test") });
  const format = "{{.Swarm.LocalNodeState}} {{.Swarm.Nodes}} {{.Driver}}";
  expect((await dockerOrFail(engine.host, ["info", "--format", format])).trim()).toBe("active 1 overlay2");
  const [command = "", ...args] = insideEngine(engine);
  const routes = await runOrFail(command, [...args, "ip", "route", "show", "default"]);
  expect(routes.trim()).toBe("");
  const before = await pid();
  expect(await start()).toEqual(engine);
  expect(await pid()).toBe(before);
});

test("comes back after dockerd was killed, with what the Swarm holds", async () => {
  const { host } = await start();
  await dockerOrFail(host, ["network", "create", "--driver=overlay", "--opt=encrypted", "kept"]);
  await dockerOrFail(host, ["secret", "create", "kept", "-"], { input: "a value" });
  await runAsRoot("kill", ["-KILL", String(await pid())]);
  await vi.waitFor(async () => {
    expect(await dockerAnswers(host)).toBe(false);
  });
  expect((await start()).host).toBe(host);
  expect((await dockerOrFail(host, ["secret", "ls", "--format", "{{.Name}}"])).trim()).toBe("kept");
});

test("ends the containers of a daemon that was killed: one that goes on would hold its volume", async () => {
  const { host } = await start();
  const archive = path.join(directory, "sleep.tar");
  const linked = await runOrFail("ldd", ["/bin/sleep"]);
  const libraries = [...linked.matchAll(/(\/\S+) \(0x/g)].map(([, file = ""]) => file);
  await runOrFail("tar", [
    "--create",
    "--dereference",
    "--absolute-names",
    `--file=${archive}`,
    "/bin/sleep",
    ...libraries,
  ]);
  await dockerOrFail(host, ["import", archive, "sleep"]);
  const id = (await dockerOrFail(host, ["run", "--detach", "--network=none", "sleep", "/bin/sleep", "600"])).trim();
  const container = (await dockerOrFail(host, ["inspect", "--format", "{{.State.Pid}}", id])).trim();
  const commandLine = async () => readFile(path.join("/proc", container, "cmdline"), "utf8").catch(() => "");
  expect(await commandLine()).toContain("sleep");
  await runAsRoot("kill", ["-KILL", String(await pid())]);
  await vi.waitFor(async () => {
    expect(await processes()).not.toContain("dockerd");
  });
  await start();
  expect(await commandLine()).toBe("");
});

test("does not take another process for its own that has the number of a stale file", async () => {
  await runAsRoot("kill", ["-KILL", String(await pid())]);
  await vi.waitFor(async () => {
    expect(await processes()).not.toContain("dockerd");
  });
  await writeFile(daemonPaths("test").pidFile, String(process.pid));
  const { host } = await start();
  expect(await dockerAnswers(host)).toBe(true);
});

test("is stopped without a trace, and alone", async () => {
  const { host } = await start();
  await stopEngine("test", quiet);
  expect(await dockerAnswers(host)).toBe(false);
  expect(await processes()).toEqual([]);
  const { directory: run, dataRoot } = daemonPaths("test");
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  expect(mounts).not.toContain(run);
  expect(mounts).not.toContain(dataRoot);
  await expect(access(run)).rejects.toThrow();
  await expect(access(namespaceFile("test"))).rejects.toThrow();
  expect(readRecord("test")).toBeUndefined();
  // The engine around these tests goes on.
  const state = await dockerOrFail(surrounding, ["info", "--format", "{{.Swarm.LocalNodeState}}"]);
  expect(state.trim()).toBe("active");
  await stopEngine("test", quiet);
});

/** Names of the processes of this installation's engine. */
async function processes(): Promise<readonly string[]> {
  const { execRoot } = daemonPaths("test");
  const found: string[] = [];
  for (const entry of await readdir("/proc")) {
    const commandLine = await readFile(path.join("/proc", entry, "cmdline"), "utf8").catch(() => "");
    if (/^\d+$/.test(entry) && commandLine.includes(execRoot)) {
      found.push((await readFile(path.join("/proc", entry, "comm"), "utf8").catch(() => "")).trim());
    }
  }
  return found;
}
