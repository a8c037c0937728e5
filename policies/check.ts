#!/usr/bin/env node
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { install } from "../toolchain/install.ts";
import { toolchainEnv } from "../toolchain/env.ts";
import { policyReportFile } from "../toolchain/paths.ts";
import { checkStack } from "./check/preview.ts";
import { refuses, toJson, toSarif, toText, type StackReport } from "./report.ts";
import { rules } from "./rules.ts";

const usage = `node policies/check.ts [--stack NAME]… [--config FILE] [--json FILE] [--sarif FILE]

Previews every stack (Pulumi.*.yaml) from nothing with the policy pack: no cloud, no Docker, no state is touched.
Exits 1 on a mandatory violation, or when a stack can't be checked.`;

const { values } = parseArgs({
  options: {
    stack: { type: "string", multiple: true },
    config: { type: "string" },
    json: { type: "string" },
    sarif: { type: "string" },
    help: { type: "boolean" },
  },
});

if (values.help === true) process.stdout.write(`${usage}\n`);
else process.exitCode = await main();

async function main(): Promise<number> {
  const root = resolve(import.meta.dirname, "..");
  const stacks = values.stack ?? stacksOf(root);
  await install();
  const env = { ...process.env, ...toolchainEnv() };
  const reports: StackReport[] = [];
  for (const stack of stacks) {
    const config = values.config === undefined ? {} : { config: resolve(values.config) };
    reports.push(await checkStack(stack, { root, pack: import.meta.dirname, env, ...config }));
  }
  // What the metrics tell of the policies (cli/metrics/facts.ts).
  if (values.config === undefined) writeFileSync(policyReportFile(), toJson(reports));
  if (values.json !== undefined) writeFileSync(values.json, toJson(reports));
  if (values.sarif !== undefined) writeFileSync(values.sarif, toSarif(reports, rules(), packVersion()));
  process.stdout.write(toText(reports));
  return refuses(reports) ? 1 : 0;
}

function stacksOf(root: string): readonly string[] {
  return readdirSync(root).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);
}

function packVersion(): string {
  const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, "package.json"), "utf8")) as {
    version: string;
  };
  return version;
}
