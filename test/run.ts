#!/usr/bin/env node
/**
 * Every test: `node test/run.ts` (what `make test` runs), or one part: `node test/run.ts unit [vitest's arguments]`.
 * What failed is told again at the end, and the last line is `N passed, N failed`; the exit code is 1 when anything failed.
 */
import path from "node:path";
import { auditTools } from "../toolchain/auditd.ts";
import { ensureChromium } from "../toolchain/chromium.ts";
import { ensureEngine, insideEngine, stopEngine, type Engine } from "../toolchain/engine.ts";
import { toolchainEnv } from "../toolchain/env.ts";
import { ageTools, sopsTools } from "../toolchain/goTools.ts";
import { buildImages } from "../toolchain/images.ts";
import { install } from "../toolchain/install.ts";
import { withLock } from "../toolchain/lock.ts";
import { cacheDirectory } from "../toolchain/paths.ts";
import { motoPython } from "../toolchain/moto.ts";
import { vaultProgram } from "../toolchain/vault.ts";
import { ensureNodeImage } from "./fakes/digitalocean/nodeImage.ts";
import { check, go, vitest, type PartContext } from "./runner/parts.ts";
import { endLeftovers, startChild, type Child } from "./runner/processes.ts";
import { add, type Tally } from "./runner/tally.ts";

const root = path.resolve(import.meta.dirname, "..");

const parts = {
  check,
  unit: (context) => vitest("unit", context),
  e2e: (context) => vitest("e2e", context),
  prod,
  go,
  kernel: (context) => vitest("kernel", context),
  fault: (context) => vitest("fault", context),
  "rotation-faults": (context) => vitest("rotation-faults", context),
} satisfies Readonly<Record<string, (context: PartContext) => Promise<Tally>>>;

type Part = keyof typeof parts;
const isPart = (name: string): name is Part => Object.hasOwn(parts, name);

/** What `make test` runs: lanes side by side, as the stack's tests wait for a Swarm more than they compute. */
const all: readonly (readonly Part[])[] = [
  ["e2e", "prod"],
  ["check", "go", "unit"],
];

/** The children that are running, and whether the run was told to stop. */
const state: { readonly children: Set<Child>; interrupted: boolean } = { children: new Set(), interrupted: false };

/** How long an interrupted part may clean up behind itself, in milliseconds. */
const patience = 20_000;

function interrupt(): void {
  const children = [...state.children];
  for (const child of children) child.kill(state.interrupted ? "SIGKILL" : "SIGINT");
  state.interrupted = true;
  setTimeout(() => {
    for (const child of children) child.kill("SIGKILL");
  }, patience).unref();
}

async function main(part: Part | undefined, filters: readonly string[]): Promise<Tally> {
  const lanes = part === undefined ? all : [[part]];
  const leftovers = await endLeftovers();
  if (leftovers > 0) process.stderr.write(`ended ${leftovers} processes of a run that was killed\n`);
  try {
    const tallies = lanes.map((lane, index) => runLane(lane, filters, index > 0));
    return (await Promise.all(tallies)).reduce(add);
  } finally {
    if (lanes.flat().some(needsEngine)) await stopEngine("test");
  }
}

const needsEngine = (part: Part): boolean => ["e2e", "prod", "kernel", "fault", "rotation-faults"].includes(part);

/** Runs the parts of a lane. Only one that needs the engine waits for it: others run beside its set-up. */
async function runLane(lane: readonly Part[], filters: readonly string[], held: boolean): Promise<Tally> {
  try {
    const engine = lane.some(needsEngine) ? await prepare(lane) : undefined;
    const context = contextFor(engine, filters, held);
    let total: Tally = { passed: 0, failed: [] };
    for (const name of lane) {
      total = add(total, state.interrupted ? oneFailed(name, "interrupted") : await runPart(name, context));
    }
    return total;
  } catch (error) {
    return told("the set-up", error);
  }
}

async function prepare(lane: readonly Part[]): Promise<Engine> {
  await install();
  if (lane.includes("e2e")) {
    // Without these their tests fail, and no others: the tests themselves are in a network that leads nowhere.
    for (const needed of [vaultProgram, ageTools, sopsTools, motoPython, ensureChromium]) {
      await needed().catch((error: unknown) => told(needed.name, error));
    }
  }
  if (lane.includes("kernel")) await auditTools();
  const engine = await ensureEngine({ name: "test" });
  await buildImages(engine);
  return engine;
}

/** The stack `prod` on droplets that are containers, for which the tests' engine needs an image. */
async function prod(context: PartContext): Promise<Tally> {
  const engine = await ensureEngine({ name: "test" });
  const env = { ...context.env, GOIMG_FAKE_NODE_IMAGE: await ensureNodeImage(engine) };
  return vitest("prod", { ...context, env });
}

async function runPart(name: Part, context: PartContext): Promise<Tally> {
  process.stdout.write(`\n== ${name}\n`);
  const started = performance.now();
  const tally = await parts[name](context).catch((error: unknown) => told(name, error));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`== ${name}: ${tally.passed} passed, ${tally.failed.length} failed in ${seconds} s\n`);
  return tally;
}

/** @param held whether a child's output is kept until it ends, as another lane is writing */
function contextFor(engine: Engine | undefined, filters: readonly string[], held: boolean): PartContext {
  const toolchain = engine === undefined ? {} : { ...toolchainEnv(), DOCKER_HOST: engine.host };
  return {
    root,
    env: { ...process.env, ...toolchain },
    enter: engine === undefined ? [] : insideEngine(engine),
    filters,
    start(command, args, options) {
      let output = "";
      const keep = { onOutput: (text: string) => (output += text) };
      const child = startChild(command, args, { ...(held ? keep : {}), ...options });
      state.children.add(child);
      void child.ended.then(() => {
        state.children.delete(child);
        process.stdout.write(output);
      });
      return child;
    },
  };
}

function told(what: string, error: unknown): Tally {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n`);
  return oneFailed(what, message);
}

const oneFailed = (what: string, why: string): Tally => ({ passed: 0, failed: [`${what}: ${why}`] });

const [part, ...filters] = process.argv.slice(2);
if (part !== undefined && !isPart(part)) {
  process.stderr.write(`usage: node test/run.ts [${Object.keys(parts).join("|")} [arguments of vitest]]\n`);
  process.exit(2);
}
process.on("SIGINT", interrupt);
process.on("SIGTERM", interrupt);
// One run at a time: they share the test engine.
const { passed, failed } = await withLock(path.join(cacheDirectory(), "test.lock"), () => main(part, filters));
for (const one of failed) process.stdout.write(`failed: ${one}\n`);
process.stdout.write(`${passed} passed, ${failed.length} failed\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
