/** Whichever build of a plugin runs, its tokens and properties are those that the npm SDK of its version was made for. */
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { versions, type PluginName } from "../../../toolchain/versions.ts";
import { pluginShape, sdkShape, type PackageSchema } from "./shapes.ts";

/** Every resource that the stacks declare, by plugin. */
const used: Readonly<Record<PluginName, readonly string[]>> = {
  random: ["RandomPassword"],
  tls: ["PrivateKey"],
  docker: ["Secret", "Service", "ServiceConfig", "Network", "Volume"],
};

/** Largest schema that is read, in bytes. */
const mostBytes = 64 * 1024 * 1024;

describe.each(Object.entries(used) as [PluginName, readonly string[]][])("the %s plugin", (name, resources) => {
  const version = versions.plugins[name];
  const output = execFileSync("pulumi", ["package", "get-schema", `${name}@${version}`], { maxBuffer: mostBytes });
  const schema = JSON.parse(output.toString("utf8")) as PackageSchema & { readonly version: string };

  test("has the version that the SDK asks for", () => {
    expect(schema.version).toBe(version);
  });

  test.each(resources)("%s has the SDK's token, properties and types", (resource) => {
    const sdk = sdkShape(name, resource);
    const plugin = pluginShape(schema, sdk.token);
    expect(Object.keys(sdk.inputs).length).toBeGreaterThan(0);
    expect(plugin.inputs).toEqual(sdk.inputs);
    expect(plugin.outputs).toEqual(sdk.outputs);
    expect(plugin.types).toEqual(sdk.types);
  });

  test.each(resources)("%s keeps the same values secret as the SDK", (resource) => {
    const { token } = sdkShape(name, resource);
    expect(secretOutputs(schema, token)).toEqual(expectedSecrets[resource] ?? []);
  });
});

/** What the SDKs mark with `additionalSecretOutputs`, read off their sources. */
const expectedSecrets: Readonly<Record<string, readonly string[]>> = {
  RandomPassword: ["bcryptHash", "result"],
  PrivateKey: ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"],
  Secret: ["data"],
};

function secretOutputs(schema: PackageSchema, token: string): readonly string[] {
  const properties = (schema.resources[token]?.properties ?? {}) as Readonly<
    Record<string, { readonly secret?: boolean }>
  >;
  return Object.keys(properties)
    .filter((name) => properties[name]?.secret === true)
    .sort();
}
