import { spawn } from "node:child_process";
import { openSync, closeSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { request } from "node:http";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "../cli/error.ts";
import { removeCgroups, weighContainers } from "./cgroup.ts";
import { cacheDirectory, installationId, runDirectory, stateDirectory } from "./paths.ts";
import { asRoot, findCommand, isRoot, run, runAsRoot } from "./process.ts";
import type { EngineName } from "./record.ts";
import { endStrays, processIsOurs, unmountAll } from "./strays.ts";

/** Paths of a Docker daemon of this project. */
export interface DaemonPaths {
  readonly socket: string;
  readonly pidFile: string;
  /** What lives as long as the daemon: containerd's sockets, namespaces. */
  readonly execRoot: string;
  /** Images, containers, volumes, the Swarm's state. */
  readonly dataRoot: string;
  readonly log: string;
  /** The folder of the first three. */
  readonly directory: string;
}

/** How long a daemon may take to answer, or to end, in milliseconds. */
const patience = 60_000;
/** How often it is asked. */
const interval = 50;

/** Where the daemon of that name keeps its things. */
export function daemonPaths(name: EngineName): DaemonPaths {
  const directory = path.join(runDirectory(), name);
  return {
    directory,
    socket: path.join(directory, "docker.sock"),
    pidFile: path.join(directory, "docker.pid"),
    execRoot: path.join(directory, "exec"),
    // Of this installation alone: two daemons on one directory would stop each other.
    dataRoot: path.join(cacheDirectory(), "engine", `${installationId()}-${name}`),
    log: path.join(stateDirectory(), "engine", `${name}.log`),
  };
}

/** File of the network namespace of an engine. */
export function namespaceFile(name: EngineName): string {
  return path.join("/run/netns", ownName(name));
}

/** What an engine's things are called that all of the machine sees: its network namespace and its containers' cgroup. */
function ownName(name: EngineName): string {
  return `goimg-${installationId()}-${name}`;
}

/** Makes an engine's own network namespace, with a loopback and nothing else: nothing in it reaches the machine's network. */
export async function addNamespace(name: EngineName): Promise<string> {
  const file = namespaceFile(name);
  const known = await run("ip", ["netns", "list"]);
  if (!known.stdout.split("\n").some((line) => line.split(" ")[0] === ownName(name))) {
    await runAsRoot("ip", ["netns", "add", ownName(name)]);
  }
  await runAsRoot("ip", ["-n", ownName(name), "link", "set", "lo", "up"]);
  return file;
}

/** Starts a daemon and waits until it answers. @throws OperatorError with the end of its log. */
export async function startDaemon(name: EngineName, namespace?: string): Promise<void> {
  const paths = daemonPaths(name);
  await cleanUp(name);
  await mkdir(path.dirname(paths.log), { recursive: true, mode: 0o700 });
  await mkdir(paths.dataRoot, { recursive: true });
  await runAsRoot("install", ["--directory", "--mode=0711", runDirectory(), paths.directory]);
  const dockerd = (await findCommand("dockerd")) ?? "dockerd";
  const inNamespace = namespace === undefined ? [] : ["nsenter", `--net=${namespace}`];
  // Builds serve nobody.
  const weights = name === "build" ? [] : await weighContainers(ownName(name));
  // `nsenter` and not `ip netns exec`, which hides /sys/fs/cgroup behind a new /sys.
  const [command = "", ...args] = [...inNamespace, dockerd, ...daemonFlags(name, paths), ...weights];
  const log = openSync(paths.log, "a", 0o600);
  const child = spawn(...asRoot(command, args), { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  const ended = new Promise<never>((_, fail) => {
    child.on("error", fail);
    child.on("exit", (code) => {
      fail(new Error(`exit code ${code ?? "none"}`));
    });
  });
  try {
    await Promise.race([waitUntil(async () => ping(paths.socket)), ended]);
  } catch (error) {
    const lines = (await readFile(paths.log, "utf8")).trim().split("\n").slice(-5).join("\n");
    throw new OperatorError(`dockerd did not start (${String(error)}); the end of ${paths.log}:\n${lines}`);
  }
  ended.catch(() => undefined);
  child.unref();
}

function daemonFlags(name: EngineName, paths: DaemonPaths): string[] {
  const flags = [
    `--host=unix://${paths.socket}`,
    `--pidfile=${paths.pidFile}`,
    `--exec-root=${paths.execRoot}`,
    `--data-root=${paths.dataRoot}`,
    "--log-level=warn",
    "--shutdown-timeout=10",
  ];
  // The default bridge would be shared with, and fought over by, another daemon of this machine. Swarm needs none.
  if (name !== "test") flags.push("--bridge=none");
  // Builds use the machine's own network.
  if (name === "build") flags.push("--iptables=false");
  if (!isRoot()) flags.push(`--group=${String(process.getgid?.() ?? 0)}`);
  return flags;
}

/** True when a daemon answers on that socket. */
export async function ping(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const question = request({ socketPath: socket, path: "/_ping", timeout: 5000 }, (answer) => {
      answer.resume();
      done(answer.statusCode === 200);
    });
    question.on("timeout", () => question.destroy());
    question.on("error", () => {
      done(false);
    });
    question.end();
  });
}

async function waitUntil(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patience;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`no answer within ${patience / 1000} s`);
    await sleep(interval);
  }
}

/** Ends a daemon that this project started, with all that it holds outside of its data. */
export async function endDaemon(name: EngineName): Promise<void> {
  const pid = await daemonPid(name);
  if (pid !== undefined) {
    await runAsRoot("kill", ["-TERM", String(pid)]);
    // A daemon that hangs is ended with the strays below.
    await waitUntil(async () => (await daemonPid(name)) === undefined).catch(() => undefined);
  }
  await cleanUp(name);
  const known = await run("ip", ["netns", "list"]);
  if (known.stdout.split("\n").some((line) => line.split(" ")[0] === ownName(name))) {
    await runAsRoot("ip", ["netns", "delete", ownName(name)]);
  }
}

/** Process id of the running daemon, or undefined. A number in a stale file that became another process's is not it. */
async function daemonPid(name: EngineName): Promise<number | undefined> {
  const paths = daemonPaths(name);
  const pid = Number(await readFile(paths.pidFile, "utf8").catch(() => ""));
  return pid > 0 && (await processIsOurs(pid, paths.execRoot)) ? pid : undefined;
}

/** Removes what a crashed daemon left: containerd and its shims, mounts, cgroups, sockets. Its data stays. */
async function cleanUp(name: EngineName): Promise<void> {
  const paths = daemonPaths(name);
  await endStrays(paths.execRoot);
  await unmountAll([paths.execRoot, paths.dataRoot]);
  await removeCgroups(ownName(name));
  await runAsRoot("rm", ["-rf", paths.directory]);
  // Only when no other engine of this installation uses it.
  await run(...asRoot("rmdir", ["--ignore-fail-on-non-empty", runDirectory()]));
}
