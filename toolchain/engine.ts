import { constants, accessSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { OperatorError } from "../cli/error.ts";
import { addNamespace, daemonPaths, endDaemon, ping, startDaemon } from "./daemon.ts";
import { docker, dockerAnswers, dockerOrFail } from "./docker.ts";
import { toolchainEnv } from "./env.ts";
import { withLock } from "./lock.ts";
import { cacheDirectory } from "./paths.ts";
import { engineProblems, joinProblems, missingEnginePackages } from "./preflight.ts";
import { isRoot, runAsRoot } from "./process.ts";
import { reportToTerminal, step, type Report } from "./progress.ts";
import { readRecord, removeRecord, writeRecord, type EngineName, type EngineRecord } from "./record.ts";
import { ensureSwarm, leaveSwarm } from "./swarm.ts";

/** A Docker Engine that answers. */
export interface Engine {
  readonly name: EngineName;
  /** Its address, as in DOCKER_HOST. */
  readonly host: string;
  /** True when this project started it. */
  readonly owned: boolean;
  /** File of its network namespace, when it has one of its own. */
  readonly namespace?: string;
}

/** Which engine, and where progress goes. */
export interface EngineOptions {
  readonly name: EngineName;
  readonly report?: Report;
}

/** Where a Docker client looks when nothing is set. */
const defaultSocket = "/var/run/docker.sock";

/**
 * Answers an engine that runs, a single-node Swarm unless it is for builds:
 * - `dev`: the user's own if one answers (DOCKER_HOST is respected), else one that this starts;
 * - `test`, `bench`, `drill`: always one of this project, in a network namespace of its own, so that tests touch neither the user's engine nor
 *   its Swarm, and may use any port;
 * - `build`: one of this project on the machine's network, without a Swarm.
 *
 * Installs Debian's packages of the engine where they are missing.
 *
 * @throws OperatorError that says what the machine lacks.
 */
export async function ensureEngine({ name, report = reportToTerminal }: EngineOptions): Promise<Engine> {
  return withLock(
    lockFile(name),
    async () => {
      const running = await findRunning(name);
      const record = running ?? (await start(name, report));
      const host = record.host ?? `unix://${defaultSocket}`;
      const created = name === "build" ? false : await ensureSwarm(host);
      writeRecord(name, { ...record, swarmCreated: record.swarmCreated || created });
      return {
        name,
        host,
        owned: record.owned,
        ...(record.namespace === undefined ? {} : { namespace: record.namespace }),
      };
    },
    report,
  );
}

function lockFile(name: EngineName): string {
  return path.join(cacheDirectory(), `engine-${name}.lock`);
}

async function findRunning(name: EngineName): Promise<EngineRecord | undefined> {
  const record = readRecord(name);
  const { socket } = daemonPaths(name);
  const own = process.env["DOCKER_HOST"];
  if (record?.owned === true && (await ping(socket)) && (name !== "dev" || own === undefined || own === record.host))
    return record;
  if (name !== "dev") return undefined;
  if (await dockerAnswers(own)) {
    const swarmCreated = record?.owned === false && record.host === own && record.swarmCreated;
    return { ...(own === undefined ? {} : { host: own }), owned: false, swarmCreated };
  }
  refuseForbiddenSocket();
  return undefined;
}

/** A second daemon beside one that this user may not talk to would fight with it. */
function refuseForbiddenSocket(): void {
  try {
    accessSync(defaultSocket, constants.R_OK | constants.W_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") {
      throw new OperatorError(
        `you may not use ${defaultSocket}: join its group (sudo usermod -aG docker $USER) and log in again`,
      );
    }
  }
}

async function start(name: EngineName, report: Report): Promise<EngineRecord> {
  if (name === "dev") joinProblems(await engineProblems());
  await installPackages(report);
  const title = name === "dev" ? "no Docker Engine answers: starting one" : `starting the Docker Engine for ${name}`;
  return step(report, title, async () => {
    const namespace = name === "test" || name === "bench" || name === "drill" ? await addNamespace(name) : undefined;
    const { socket } = daemonPaths(name);
    const record = {
      host: `unix://${socket}`,
      owned: true,
      swarmCreated: name !== "build",
      ...(namespace && { namespace }),
    };
    // Before the start, so that a crash here leaves something to stop.
    writeRecord(name, record);
    await startDaemon(name, namespace);
    return record;
  });
}

async function installPackages(report: Report): Promise<void> {
  const packages = await missingEnginePackages();
  if (packages.length === 0) return;
  await step(report, `installing Debian's ${packages.join(", ")}`, async () => {
    await runAsRoot("apt-get", ["update", "-qq"]);
    const flags = ["install", "-qq", "-y", "--no-install-recommends"];
    await runAsRoot("env", ["DEBIAN_FRONTEND=noninteractive", "apt-get", ...flags, ...packages]);
  });
}

/**
 * Undoes what {@link ensureEngine} did: ends an engine that it started, leaves a Swarm that it made, and touches nothing else.
 * Images stay in the cache. Does nothing when nothing was done.
 */
export async function stopEngine(name: EngineName, report: Report = reportToTerminal): Promise<void> {
  await withLock(
    lockFile(name),
    async () => {
      const record = readRecord(name);
      if (record === undefined) return;
      const host = record.host ?? `unix://${defaultSocket}`;
      if (record.owned) await stopOwned(name, host, report);
      else if (record.swarmCreated && (await dockerAnswers(record.host))) await leaveSwarm(host, report);
      removeRecord(name);
    },
    report,
  );
}

async function stopOwned(name: EngineName, host: string, report: Report): Promise<void> {
  await step(report, `stopping the Docker Engine for ${name}`, async () => {
    if (await dockerAnswers(host)) {
      await docker(host, ["swarm", "leave", "--force"]);
      // Docker keeps this bridge, in the machine's own network, for the Swarm's next life.
      await docker(host, ["network", "rm", "docker_gwbridge"]);
      if (name !== "dev") await dockerOrFail(host, ["system", "prune", "--force", "--volumes"]);
    }
    await endDaemon(name);
  });
}

/**
 * The command and first arguments that run another command, with this project's PATH, where the engine's published ports are on
 * 127.0.0.1. It runs as root, as whoever enters a network must.
 */
export function insideEngine(engine: Engine): readonly string[] {
  if (engine.namespace === undefined) return [];
  // sudo sets a PATH and a HOME of its own, whatever it is told to preserve.
  const kept = [`PATH=${toolchainEnv()["PATH"] ?? ""}`, `HOME=${homedir()}`];
  const asRoot = isRoot() ? [] : ["sudo", "--preserve-env", "--", "env", ...kept];
  return [...asRoot, "nsenter", `--net=${engine.namespace}`];
}
