/**
 * Rotates every rotatable secret of the dev stack, several times in a row, under a constant load through the gateway, and
 * prints what the load saw. Then does it the naive way, a new value in place of the old one, for comparison.
 */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { Command } from "commander";
import type Docker from "dockerode";
import type { SecretName } from "../../components/catalog/grants.ts";
import { run } from "../../cli/rotation/run.ts";
import { look, presentSecrets } from "../../cli/rotation/situation.ts";
import type { Times } from "../../components/secrets/rotation.ts";
import { openStack, type StackContext } from "../../cli/stack.ts";
import { up } from "../../cli/up.ts";
import { openEngine } from "../../cli/rotation/engine.ts";
import { Updates } from "../../cli/rotation/update.ts";
import { urlOf } from "./rotation/address.ts";
import { failed, type Sample } from "./rotation/load.ts";
import { removeNaive, replaceNaively } from "./rotation/naive.ts";
import { median, quantiles, table, type Row } from "./rotation/table.ts";
import { Waits } from "./rotation/waits.ts";

interface Flags {
  readonly rate: number;
  readonly rotations: number;
  readonly quiet: number;
  readonly secrets?: string[];
  readonly naive: boolean;
  readonly json?: string;
}

/** Short enough for a benchmark: the load's tokens live 10 s, and nothing here caches the JWKS. */
const times: Times = { grace: 5_000, jwksCache: 2_000, tokenLifetime: 15_000 };

const progress = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const program = new Command("rotate-bench")
  .option("--rate <n>", "requests a second", Number, 200)
  .option("--rotations <n>", "rotations of each secret, in a row", Number, 3)
  .option("--quiet <seconds>", "load without a rotation, before each secret", Number, 20)
  .option("--secrets <names...>", "only these")
  .option("--no-naive", "leave the naive way out")
  .option("--json <file>", "write the figures there");

await bench(program.parse().opts<Flags>());

async function bench(flags: Flags): Promise<void> {
  await up();
  const context = openStack("dev");
  const secrets = presentSecrets(await look(context)).filter((secret) => flags.secrets?.includes(secret) ?? true);
  const { docker } = context;
  // Before the first update, which lowers the priority of this thread and of those that it starts.
  const load = new Worker(new URL("./rotation/loadWorker.ts", import.meta.url), { workerData: await urlOf(context) });
  const careful: Row[] = [];
  for (const secret of secrets) careful.push(await measure(secret, { docker, load }, flags, (s) => rotate(context, s)));
  progress("");
  process.stdout.write(`\nRotated by phases, ${flags.rate} requests a second:\n${table(careful)}\n`);
  const naive: Row[] = [];
  if (flags.naive) {
    const once = { ...flags, rotations: 1 };
    for (const secret of secrets) naive.push(await measure(secret, { docker, load }, once, (s) => naively(context, s)));
    await restore(context);
    process.stdout.write(`\nThe naive way, the old value replaced by a new one in one update:\n${table(naive)}\n`);
  }
  if (flags.json !== undefined)
    await writeFile(flags.json, JSON.stringify({ rate: flags.rate, careful, naive }, null, 2));
  await load.terminate();
  process.exitCode = careful.some(({ failures }) => failures > 0) ? 1 : 0;
}

/** What is measured. */
interface Target {
  readonly docker: Docker;
  /** See loadWorker.ts. */
  readonly load: Worker;
}

type Phases = readonly { readonly action: string; readonly seconds: number }[];

async function measure(
  secret: SecretName,
  { docker, load }: Target,
  { rate, rotations, quiet }: Flags,
  rotateOnce: (secret: SecretName) => Promise<Phases>,
): Promise<Row> {
  load.postMessage(rate);
  await once(load, "message");
  await sleep(quiet * 1000);
  const began = Date.now();
  const phases: Phases[] = [];
  const outside: number[] = [];
  for (let n = 1; n <= rotations; n += 1) {
    progress(`${secret}: rotation ${n} of ${rotations}`);
    const waits = new Waits(docker, "dev");
    const steps = await rotateOnce(secret);
    phases.push(steps);
    outside.push(steps.reduce((sum, { seconds }) => sum + seconds, 0) - (await waits.end()));
  }
  // What a rotation breaks may show only when the next request comes.
  await sleep(2000);
  load.postMessage(0);
  const [samples] = (await once(load, "message")) as [readonly Sample[]];
  const before = samples.filter(({ at }) => at < began);
  const during = samples.filter(({ at }) => at >= began);
  tell(during.filter(failed));
  return {
    secret,
    rotations,
    requests: during.length,
    failures: during.filter(failed).length,
    dropped: during.filter(({ status }) => status === 0).length,
    quiet: quantiles(before),
    during: quantiles(during),
    phases: medians(phases),
    outside: median(outside),
  };
}

async function rotate(context: StackContext, secret: SecretName): Promise<Phases> {
  const [result] = await run({
    context,
    secrets: [secret],
    command: "rotate",
    times,
    reason: "benchmark",
    patience: 60_000,
    reportTimeout: 120_000,
    report: progress,
  });
  if (result?.outcome !== "done") throw new Error(`${secret} was not rotated: ${result?.why ?? "no reason"}`);
  return result.steps;
}

/** What a script does. */
async function naively({ docker, stack }: StackContext, secret: SecretName): Promise<Phases> {
  const seconds = await replaceNaively(docker, stack, secret);
  return [{ action: "replace", seconds }];
}

/** Takes back what was done behind Pulumi's back. */
async function restore(context: StackContext): Promise<void> {
  const engine = await openEngine(context);
  await engine.refresh({ suppressProgress: true });
  await new Updates(context, progress).run(() => undefined);
  await removeNaive(context.docker);
}

function medians(all: readonly Phases[]): Record<string, number> {
  const actions = [...new Set(all.flat().map(({ action }) => action))];
  return Object.fromEntries(
    actions.map((action) => [
      action,
      median(all.flat().flatMap((phase) => (phase.action === action ? [phase.seconds] : []))),
    ]),
  );
}

function tell(failures: readonly Sample[]): void {
  for (const { at, kind, status, error } of failures.slice(0, 5)) {
    progress(`  failed: ${new Date(at).toISOString()} ${kind} ${status} ${error ?? ""}`);
  }
}
