import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { stateDirectory } from "./paths.ts";

/** The engines: the developer's, the own ones of the tests, the benchmarks and the restore drill, and the one that images are built on for these. */
export type EngineName = "dev" | "test" | "bench" | "drill" | "build";

/** What this project did to have an engine, so that it can undo that and nothing else. */
export interface EngineRecord {
  /** Address of the engine, as in DOCKER_HOST; undefined leaves it to the docker client's own settings. */
  readonly host?: string;
  /** True when this project started the engine. */
  readonly owned: boolean;
  /** True when this project made the engine a Swarm. */
  readonly swarmCreated: boolean;
  /** File of the network namespace that the engine lives in, when it is not the machine's own. */
  readonly namespace?: string;
}

function recordFile(name: EngineName): string {
  return path.join(stateDirectory(), "engine", `${name}.json`);
}

/** What is known of an engine, or undefined. */
export function readRecord(name: EngineName): EngineRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(name), "utf8")) as EngineRecord;
  } catch {
    // Not there, or cut by a crash: what it stood for is found again by its paths.
    return undefined;
  }
}

/** Keeps what was done, in one step. */
export function writeRecord(name: EngineName, record: EngineRecord): void {
  const file = recordFile(name);
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** Forgets an engine. */
export function removeRecord(name: EngineName): void {
  rmSync(recordFile(name), { force: true });
}

/** Address of an engine that this project started, or undefined. */
export function engineHost(name: EngineName): string | undefined {
  return readRecord(name)?.host;
}
