#!/usr/bin/env node
/**
 * What the policy pack costs: `node test/bench/policy.ts [rounds]`. Previews of the dev stack and of programs of 10, 100
 * and 1000 resources, with and without the pack, in turns, so that a busy machine slows both; and the rules' own time in
 * this process. Medians, in seconds.
 */
import { performance } from "node:perf_hooks";
import path from "node:path";
import { policyProject, type PreviewTimer } from "./policy/project.ts";
import { rules } from "../../policies/rules.ts";
import { plainProperties } from "../../policies/model/plain.ts";
import type { Context, Resource } from "../../policies/model/rule.ts";

const rounds = Number(process.argv[2] ?? "5");
const sizes = [10, 100, 1000];

await main();

async function main(): Promise<void> {
  await compare(
    "dev stack",
    rounds,
    await policyProject({ kind: "dev", root: path.resolve(import.meta.dirname, "../..") }),
  );
  for (const size of sizes) {
    const count = size < 1000 ? rounds : Math.max(1, Math.floor(rounds / 2));
    await compare(`${size} resources`, count, await policyProject({ kind: "generated", size }));
  }
  for (const size of sizes) {
    const { inputs, outputs } = await rulesAlone(size);
    print(`the rules alone, ${size} services`, { inputs, outputs });
  }
}

async function compare(name: string, count: number, project: PreviewTimer): Promise<void> {
  const without: number[] = [];
  const withPack: number[] = [];
  try {
    // Once each before: caches of compiled code fill.
    await project.preview(false);
    await project.preview(true);
    for (let round = 0; round < count; round += 1) {
      without.push(await project.preview(false));
      withPack.push(await project.preview(true));
    }
  } finally {
    project.remove();
  }
  const [base, loaded] = [median(without), median(withPack)];
  print(name, { without: base, with: loaded, added: loaded - base });
}

/** Time of both phases over services as the dev stack has them, in seconds. */
async function rulesAlone(size: number): Promise<{ readonly inputs: number; readonly outputs: number }> {
  const resources = Array.from({ length: size }, (_, index) => serviceLike(index));
  const all = rules();
  const context: Context = {
    settings: {},
    now: new Date(),
    project: "bench",
    stack: "dev",
    production: false,
    env: {},
    state: () => ({}),
  };
  const started = performance.now();
  for (const resource of resources) {
    const props = await plainProperties({ ...resource.props });
    for (const rule of all) rule.resource?.({ ...resource, props }, context);
  }
  const middle = performance.now();
  for (const rule of all) rule.stack?.(resources, context);
  return { inputs: (middle - started) / 1000, outputs: (performance.now() - middle) / 1000 };
}

/** Alternately a service and the store entry of a value of its own. */
function serviceLike(index: number): Resource {
  const value = Buffer.from(`${index}`.padStart(8, "0")).toString("hex") + "Zq7TrXm2Lw9VkN4cJ8sHd1Fg";
  const isSecret = index % 2 === 0;
  const props = isSecret
    ? { data: Buffer.from(value).toString("base64"), labels: [{ label: "goimg.generation", value: "1" }] }
    : {
        name: `bench-${index}`,
        convergeConfig: { delay: "1s" },
        updateConfig: { order: "start-first", failureAction: "rollback" },
        taskSpec: {
          containerSpec: {
            image: "goimg-secrets/app:dev",
            args: ["api"],
            user: "10001:10001",
            env: Object.fromEntries(
              Array.from({ length: 15 }, (_, n) => [`SETTING_${n}`, `http://service-${n}:8080/path`]),
            ),
            healthcheck: { tests: ["CMD", "goimg-job", "http-check", "http://127.0.0.1:8080/healthz"] },
          },
        },
      };
  const type = isSecret ? "docker:index:Secret" : "docker:index:Service";
  const name = `ENTRY_${index}-g1`;
  return {
    type,
    name,
    urn: `urn:pulumi:dev::bench::${type}::${name}`,
    props,
    deleteBeforeReplace: false,
    dependsOn: new Map(),
    after: [],
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function print(name: string, seconds: Readonly<Record<string, number>>): void {
  const cells = Object.entries(seconds).map(([key, value]) => `${key} ${value.toFixed(2)} s`);
  process.stdout.write(`${name.padEnd(34)} ${cells.join("   ")}\n`);
}
