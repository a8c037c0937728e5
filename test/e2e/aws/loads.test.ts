/** A stack pays for its own cloud alone: what the program of a real preview has loaded when it ends. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkStack } from "../../../policies/check/preview.ts";
import { toolchainEnv } from "../../../toolchain/env.ts";
import { repository } from "../project.ts";

const directory = mkdtempSync(path.join(tmpdir(), "goimg-loads-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Notes, when a process of node ends, which packages it has loaded. Of the program alone: it is told by its argument. */
const note = (file: string): string => `
  process.on("exit", () => {
    if (!process.argv.some((one) => one.endsWith("cmd/run") || one.includes("cmd/run/"))) return;
    const names = Object.keys(require.cache).flatMap((one) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(one)?.[1] ?? []);
    require("node:fs").appendFileSync(${JSON.stringify(file)}, [...new Set(names)].join("\\n") + "\\n");
  });
`;

test.each([
  ["dev", ["@pulumi/docker"], ["@pulumi/aws", "@aws-sdk/client-ecs", "@aws-sdk/client-secrets-manager"]],
  [
    "app",
    ["@pulumi/digitalocean"],
    ["@pulumi/docker", "@pulumi/aws", "@aws-sdk/client-ecs", "@aws-sdk/client-secrets-manager", "ssh2"],
  ],
  ["aws", ["@pulumi/aws"], ["@pulumi/docker", "@aws-sdk/client-ecs", "@aws-sdk/client-secrets-manager"]],
])("preview of %s loads %j, and none of %j", async (stack, own, others) => {
  const file = path.join(directory, `${stack}.txt`);
  const preload = path.join(directory, `${stack}.cjs`);
  writeFileSync(preload, note(file));
  const env = { ...process.env, ...toolchainEnv(), NODE_OPTIONS: `--require ${preload}` };
  const report = await checkStack(stack, { root: repository, pack: path.join(repository, "policies"), env });
  expect(report.failure).toBeUndefined();
  expect(report.violations).toEqual([]);
  const loaded = readFileSync(file, "utf8").split("\n");
  expect(loaded).toContain("@pulumi/pulumi");
  for (const name of own) expect(loaded).toContain(name);
  for (const name of others) expect(loaded).not.toContain(name);
});
