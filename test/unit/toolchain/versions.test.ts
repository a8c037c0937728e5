import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../../../toolchain/paths.ts";
import { versions, type PluginName } from "../../../toolchain/versions.ts";

const read = (file: string): string => readFileSync(path.join(projectRoot, file), "utf8");
const manifest = JSON.parse(read("package.json")) as { readonly dependencies: Readonly<Record<string, string>> };
const plugins = Object.entries(versions.plugins) as [PluginName, string][];

test.each(plugins)("the %s plugin is %s, as its npm SDK asks for", (name, version) => {
  expect(manifest.dependencies[`@pulumi/${name}`]).toBe(version);
  const sdk = JSON.parse(read(`node_modules/@pulumi/${name}/package.json`)) as {
    readonly pulumi: { readonly version: string };
  };
  expect(sdk.pulumi.version).toBe(version);
});

test.each(plugins)("the %s plugin's Go source says %s", (name, version) => {
  const folder = name === "docker" ? "provider-docker" : `providers/${name}`;
  expect(read(`toolchain/go/${folder}/provider.go`)).toContain(`const Version = "${version}"`);
  const schema = JSON.parse(read(`toolchain/go/${folder}/schema.json`)) as { readonly resources: object };
  expect(Object.keys(schema.resources).length).toBeGreaterThan(3);
});

test("the CLI and the language host are built from one release, of the SDK's major version", () => {
  expect(read("toolchain/go/pulumi/go.mod")).toContain(`github.com/pulumi/pulumi/pkg/v3 v${versions.pulumi}`);
  expect(read("toolchain/go/language-nodejs/go.mod")).toContain(`github.com/pulumi/pulumi/sdk/v3 v${versions.pulumi}`);
  const [major, minor] = (manifest.dependencies["@pulumi/pulumi"] ?? "").split(".").map(Number);
  const [cliMajor, cliMinor] = versions.pulumi.split(".").map(Number);
  expect(cliMajor).toBe(major);
  expect(cliMinor).toBeGreaterThanOrEqual(minor ?? Infinity);
});
