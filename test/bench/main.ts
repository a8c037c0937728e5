#!/usr/bin/env node
import { writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import { OperatorError } from "../../cli/error.ts";
import { ensureEngine, stopEngine } from "../../toolchain/engine.ts";
import { install } from "../../toolchain/install.ts";
import { reportToTerminal } from "../../toolchain/progress.ts";
import { contenderNames, type Contender, type ContenderName } from "./contenders/contender.ts";
import { pulumi } from "./contenders/pulumi.ts";
import { shell } from "./contenders/shell.ts";
import { hasTerraform, opentofu, terraform } from "./contenders/terraform.ts";
import { figures, load, table } from "./report.ts";
import { measureSize, type Series } from "./run.ts";

interface Options {
  readonly sizes: readonly number[];
  readonly runs: number;
  readonly secretsOnly?: true;
  readonly destroyBelow: number;
  readonly contenders?: readonly ContenderName[];
  readonly json?: string;
}

const contendersByName: Readonly<Record<ContenderName, () => Promise<Contender>>> = {
  pulumi: () => Promise.resolve(pulumi),
  terraform,
  opentofu,
  shell: () => Promise.resolve(shell),
};

async function bench({ sizes, runs, secretsOnly, destroyBelow, contenders, json }: Options): Promise<void> {
  await install();
  const engine = await ensureEngine({ name: "bench" });
  try {
    const names = contenders ?? ["pulumi", (await hasTerraform()) ? "terraform" : "opentofu", "shell"];
    const ready: Contender[] = [];
    for (const name of names) ready.push(await contendersByName[name]());
    const before = load();
    const series: Series[] = [];
    for (const passwords of sizes) {
      const destroy = passwords < destroyBelow;
      const work = { passwords, service: secretsOnly !== true };
      const args = { ...work, contenders: ready, runs, destroy, host: engine.host, report: reportToTerminal };
      series.push(...(await measureSize(args)));
    }
    const found = figures(series, [...before.slice(0, 1), ...load().slice(0, 1)]);
    process.stdout.write(`${table(found)}\n`);
    if (json !== undefined) await writeFile(json, `${JSON.stringify(found, null, 2)}\n`);
  } finally {
    await stopEngine("bench");
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("a whole number from 1 is expected");
  return value;
}

function contenderName(text: string): ContenderName {
  const name = contenderNames.find((known) => known === text);
  if (name === undefined) throw new InvalidArgumentError(`one of ${contenderNames.join(", ")} is expected`);
  return name;
}

const program = new Command("bench")
  .description("time the same work by Pulumi, by Terraform or OpenTofu, and by a shell script, on one Swarm")
  .option(
    "--sizes <list>",
    "numbers of passwords: 1000 takes an hour",
    (text) => text.split(",").map(positive),
    [10, 100, 1000],
  )
  .option("--runs <number>", "runs of each size, of which the median is shown", positive, 5)
  .option("--secrets-only", "without the service that is granted the values: the Docker provider waits 2 s to read one")
  .option("--destroy-below <size>", "from this size on, wipe what a run made instead of destroying it", positive, 1000)
  .option("--contenders <list>", `some of ${contenderNames.join(", ")}`, (text) => text.split(",").map(contenderName))
  .option("--json <file>", "write all measurements to a file");

try {
  await bench(program.parse().opts<Options>());
} catch (error) {
  if (!(error instanceof OperatorError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
