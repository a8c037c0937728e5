/**
 * Kills, at every phase of a rotation of every strategy, each part of an update, each kind of task and the Docker daemon, and
 * goes on with the same command. After each kill what holds is looked at on the real servers: docs/security/rotation-faults.md.
 */
import { randomBytes } from "node:crypto";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SecretName } from "../../../components/catalog/grants.ts";
import type { ServiceName } from "../../../components/catalog/types.ts";
import { readDeclared } from "../../../cli/rotation/declared.ts";
import { failed, Load } from "../../bench/rotation/load.ts";
import { fakePinata } from "../../fakes/providers.ts";
import type { FakeServer } from "../../fakes/http.ts";
import { sharedStack } from "../swarm.ts";
import { start } from "../rotation/command.ts";
import { accepted } from "../rotation/holders.ts";
import { heldCredentials, violations, type Credential } from "./invariants.ts";
import { reached, type Moment } from "./moments.ts";
import { writeRows, type Row } from "./table.ts";
import { excuse, strike, unhealthy, type Victim } from "./victims.ts";

const stack = sharedStack();

/** One of every strategy, turned together: a kill hits all of them at the same phase. */
const secrets: readonly SecretName[] = [
  ...(["JWT_KEY", "DB_PASSWORD", "REDIS_PASSWORD", "REDIS_ADMIN_PASSWORD", "S3_KEY"] as const),
  ...(["IPFS_PINATA_JWT", "CLAMAV_PASSWORD"] as const),
];
type Phase = "publish" | "promote" | "retire";
const phases: readonly Phase[] = ["publish", "promote", "retire"];

/** A kill of `victim` at `moment`. */
type Kill = readonly [victim: Victim, moment: Moment];

/** A run of the command, with the kills that it gets. */
type Run = readonly Kill[];

/**
 * A kill at each moment that a phase still comes to after the kills before it: the three servers are updated side by side, and
 * so are the worker and the API when the new generation becomes active, so each round takes one of them.
 */
const throughout = (
  victim: Victim,
  server: ServiceName,
  consumer: ServiceName,
): Readonly<Record<Phase, readonly Run[]>> => ({
  publish: [[[victim, "begin"]], [[victim, "stored"]], [[victim, server]], [[victim, "api"]]],
  promote: [[[victim, "begin"]], [[victim, consumer]]],
  retire: [[[victim, "begin"]], [[victim, server]], [[victim, "api"]]],
});

/** Tasks are killed as they start; the command may well go on, so one run gets all of them. */
const asTheyStart = (...names: readonly ServiceName[]): readonly Run[] => [names.map((name): Kill => [name, name])];
const atTheBegin = (...names: readonly ServiceName[]): readonly Run[] => [names.map((name): Kill => [name, "begin"])];

/** Rounds: each is one rotation of all secrets, with its kills one after another, the command run again after each. */
const rounds: Readonly<Record<string, Readonly<Record<Phase, readonly Run[]>>>> = {
  "engine, 1": throughout("engine", "db-roles", "worker"),
  "engine, 2": throughout("engine", "s3", "api"),
  tasks: {
    publish: asTheyStart("db-roles", "cache-acl", "s3", "api"),
    promote: asTheyStart("worker", "api"),
    retire: asTheyStart("db-roles", "cache-acl", "s3", "api"),
  },
  servers: {
    publish: atTheBegin("postgres", "redis", "s3", "worker"),
    promote: atTheBegin("postgres", "redis", "s3"),
    retire: atTheBegin("postgres", "redis", "s3", "worker"),
  },
  "command, 1": throughout("command", "cache-acl", "worker"),
  "command, 2": throughout("command", "s3", "api"),
  "provider, 1": throughout("provider", "db-roles", "worker"),
  "provider, 2": throughout("provider", "cache-acl", "api"),
  docker: { publish: [[["docker", "db-roles"]]], promote: [[["docker", "api"]]], retire: [[["docker", "db-roles"]]] },
};

/** The load's tokens live that long after they are replaced: those in use when a key is retired must be over. */
const flags = [
  "--grace",
  "0s",
  "--jwks-cache",
  "0s",
  "--token-lifetime",
  "15s",
  "--wait",
  "60s",
  "--report-timeout",
  "60s",
];
const rate = 20;
/** Times that the same command is run until a phase must be done. */
const mostRuns = 12;

const rows: Row[] = [];
let pinata: FakeServer;

beforeAll(async () => {
  pinata = await fakePinata(() => pinned);
  await stack.configure({
    providers: { pinata: { url: pinata.url } },
    generations: { CLAMAV_PASSWORD: { live: [1], active: 1 } },
  });
  await stack.supply("IPFS_PINATA_JWT", randomBytes(24).toString("base64url"));
  const { exitCode, stdout, stderr } = await stack.up();
  expect(exitCode, stdout + stderr).toBe(0);
});

afterAll(async () => {
  await pinata[Symbol.asyncDispose]();
  const file = process.env["GOIMG_FAULT_TABLE"];
  if (file !== undefined) await writeRows(path.resolve(file), rows);
});

const pinned: string[] = [];

/** The next value of the third party, waiting in the config as an operator would have put it there. */
async function supplyNext(): Promise<void> {
  const { live } = (await readDeclared(stack.configFile)).IPFS_PINATA_JWT;
  const value = randomBytes(24).toString("base64url");
  pinned.push(value);
  await stack.supply("IPFS_PINATA_JWT", value, Math.max(...live) + 1);
}

/** The command of a phase, the same after every kill. Only rotations that are under way have something to retire. */
const command = (phase: Phase): readonly string[] => [
  ...["rotate", ...(phase === "retire" ? ["--due"] : secrets)],
  ...["--phase", phase, ...flags],
];

/** One run of the phase's command with its kills, and what holds then. Rows only for kills that came to it. */
async function run(round: string, phase: Phase, kills: Run, load: Load, old: readonly Credential[]): Promise<Outcome> {
  const seen = load.samples.length;
  const running = start(stack, command(phase));
  const struck = await Promise.all(
    kills.map(async ([victim, moment]) => {
      if (!(await reached(moment, stack, running))) return [];
      // Before it: a daemon's blow ends when the daemon is back.
      const at = Date.now();
      return (await strike(victim, stack, running)) ? [{ victim, moment, at }] : [];
    }),
  );
  const hits = struck.flat();
  const { exitCode, stderr } = await running.ended;
  expect(await unhealthy(stack)).toEqual([]);
  const healthyAt = Date.now();
  const broken = await violations(stack, phase === "retire" ? [] : old);
  const samples = load.samples.slice(seen);
  const failures = samples.filter(failed);
  const windows = hits.map(({ victim, at }) => {
    const { milliseconds } = excuse(victim);
    return [at - 2_000, milliseconds === Infinity ? healthyAt + 5_000 : at + milliseconds] as const;
  });
  const unexplained = failures.filter(({ at }) => !windows.some(([from, to]) => at >= from && at <= to));
  const why = [...new Set(hits.map(({ victim }) => excuse(victim).why))].filter((text) => text !== "").join("; ");
  expect({ broken, unexplained: unexplained.slice(0, 5), ...(hits.length === 0 ? { exitCode } : {}) }, stderr).toEqual({
    broken: [],
    unexplained: [],
    ...(hits.length === 0 ? { exitCode: 0 } : {}),
  });
  const rows = hits.map(({ victim, moment }): Row => ({
    ...{ round, phase, victim, moment, runs: 0, seconds: 0 },
    command: exitCode === 0 ? "went on" : exitCode === -1 ? "died" : "failed, and said so",
    requests: samples.length,
    failures: failures.length,
    explained: failures.length === 0 ? "" : why,
    violations: broken,
  }));
  return { rows, done: exitCode === 0 };
}

/** Whether every secret has come through a phase, by what is declared. */
async function isThrough(phase: Phase, before: ReadonlyMap<SecretName, number>): Promise<boolean> {
  const declared = await readDeclared(stack.configFile);
  return secrets.every((secret) => {
    const { live, active } = declared[secret];
    const was = before.get(secret) ?? 0;
    switch (phase) {
      case "publish":
        return secret === "CLAMAV_PASSWORD" || live.some((generation) => generation > was);
      case "promote":
        return active > was;
      case "retire":
        return !live.includes(was);
    }
  });
}

interface Outcome {
  readonly rows: readonly Row[];
  /** Whether the command came to its end in spite of everything. */
  readonly done: boolean;
}

/** Runs the same command until it comes to its end. Answers how often, and the seconds. */
async function finish(phase: Phase): Promise<{ runs: number; seconds: number }> {
  const began = Date.now();
  for (let runs = 1; ; runs += 1) {
    const { exitCode, stderr } = await start(stack, command(phase)).ended;
    if (exitCode === 0) return { runs, seconds: (Date.now() - began) / 1000 };
    if (runs === mostRuns) expect.fail(`${phase} was not done after ${runs} runs: ${stderr}`);
    await sleep(1000);
  }
}

describe.each(Object.entries(rounds))("killing: %s", (round, kills) => {
  const load = new Load(stack.url, rate);
  let before: ReadonlyMap<SecretName, number>;
  let old: readonly Credential[];

  beforeAll(async () => {
    await supplyNext();
    const declared = await readDeclared(stack.configFile);
    before = new Map(secrets.map((secret) => [secret, declared[secret].active]));
    old = await heldCredentials(stack);
    await load.start();
  });
  afterAll(async () => {
    await load.stop();
  });

  it.each(phases)("%s goes on with the same command, and nothing is lost", async (phase) => {
    const mine: Row[] = [];
    let done = false;
    for (const kill of kills[phase]) {
      if (done) break;
      const outcome = await run(round, phase, kill, load, old);
      mine.push(...outcome.rows);
      done = outcome.done;
      for (const { victim, moment, command: how } of outcome.rows) {
        process.stdout.write(`${round} ${phase}: ${victim} at ${moment}: ${how}\n`);
      }
    }
    const again = done ? { runs: 0, seconds: 0 } : await finish(phase);
    expect(await isThrough(phase, before)).toBe(true);
    expect(await violations(stack, phase === "retire" ? [] : old)).toEqual([]);
    rows.push(...mine.map((row, index) => (index === mine.length - 1 ? { ...row, ...again } : row)));
    expect(mine.length).toBeGreaterThan(0);
  });

  it("the old credentials are refused by the servers in the end", async () => {
    for (const { attempt } of old) expect(await accepted(stack, attempt)).toMatch(/28P01|WRONGPASS|403/);
  });
});
