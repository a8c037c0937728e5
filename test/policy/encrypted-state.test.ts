import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encryptedState } from "../../policies/encrypted-state.ts";
import type { Context } from "../../policies/model/rule.ts";
import { checkState } from "../../policies/state/check.ts";
import { checkpointPath, stateReader } from "../../policies/state/read.ts";
import { contextFor, violationsOf } from "./support/run.ts";
import { keys, password, urnOf } from "./support/stack.ts";

const secretValue = (more: object = { ciphertext: "v1:invented" }) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  ...more,
});
const type = "random:index/randomPassword:RandomPassword";

function stateWith(outputs: object, provider: object | undefined = { type: "passphrase" }, inputs: object = {}) {
  const resources = [{ urn: urnOf(type, "DB_PASSWORD-g1"), type, inputs, outputs }];
  return { version: 3, deployment: { secrets_providers: provider, resources } };
}

const rulesOf = (state: unknown) => checkState(state).map(({ rule }) => rule);

describe("the state", () => {
  it("is good when its values are encrypted", () => {
    expect(checkState(stateWith({ result: secretValue(), length: 43 }))).toEqual([]);
    expect(checkState(undefined)).toEqual([]);
    expect(checkState({ deployment: { resources: [] } })).toEqual([]);
  });

  it.each([
    ["no secrets provider", stateWith({ result: secretValue() }, {}), "secrets-provider"],
    ["a provider that only encodes", stateWith({ result: secretValue() }, { type: "b64" }), "secrets-provider"],
    ["a generated value in the clear", stateWith({ result: password }), "plaintext-state"],
    ["a private key in any property", stateWith({ x: [{ y: keys.privateKey }] }), "plaintext-state"],
    ["a private key in an input", stateWith({}, { type: "cloud" }, { key: keys.privateKey }), "plaintext-state"],
    [
      "an export with decrypted values",
      stateWith({ result: secretValue({ plaintext: `"${password}"` }) }),
      "decrypted-export",
    ],
  ])("is refused with %s", (_what, state, rule) => {
    expect(rulesOf(state)).toEqual([rule]);
    expect(JSON.stringify(checkState(state))).not.toContain(password);
    expect(JSON.stringify(checkState(state))).not.toContain("MII");
  });

  it("is read the same from a checkpoint", () => {
    const { deployment } = stateWith({ result: password });
    expect(rulesOf({ version: 3, checkpoint: { latest: deployment } })).toEqual(["plaintext-state"]);
  });
});

describe("encrypted-state", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "policy-state-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const check = (given: Partial<Context>) => violationsOf(encryptedState, [], given).map(({ rule }) => rule);
  const prod = (env: Record<string, string>, settings = {}) =>
    check({ production: true, stack: "prod", env, settings });

  it("checks the state it is given", () => {
    expect(check({ state: () => stateWith({ result: password }) })).toEqual(["plaintext-state"]);
  });

  it.each([
    ["http://state.example.com", ["backend"]],
    ["s3://state?region=eu-west-1&disableSSL=true", ["backend"]],
    ["s3://state?region=eu-west-1", []],
    ["https://api.pulumi.com", []],
    ["http://localhost:8080", []],
  ])("judges the backend %s of production", (backend, expected) => {
    expect(prod({ PULUMI_BACKEND_URL: backend })).toEqual(expected);
    expect(check({ env: { PULUMI_BACKEND_URL: backend } })).toEqual([]);
  });

  it("takes the backends that production may use from its settings", () => {
    const settings = { backends: ["s3://shop-state?*"] };
    expect(prod({ PULUMI_BACKEND_URL: "s3://shop-state?region=eu-west-1" }, settings)).toEqual([]);
    expect(prod({ PULUMI_BACKEND_URL: "s3://other?region=eu-west-1" }, settings)).toEqual(["backend"]);
  });

  it("refuses a directory that others can read", () => {
    chmodSync(directory, 0o750);
    expect(prod({ PULUMI_BACKEND_URL: `file://${directory}` })).toEqual(["backend"]);
    chmodSync(directory, 0o700);
    expect(prod({ PULUMI_BACKEND_URL: `file://${directory}` })).toEqual([]);
  });

  it.each([
    ["", ["passphrase"]],
    ["short", ["passphrase"]],
    ["a passphrase of many words", []],
  ])("judges production's passphrase by its length alone: %j", (passphrase, expected) => {
    expect(prod({ PULUMI_CONFIG_PASSPHRASE: passphrase })).toEqual(expected);
    expect(check({ env: { PULUMI_CONFIG_PASSPHRASE: passphrase } })).toEqual([]);
  });

  it("reads the checkpoint of a directory backend, and a declared export", () => {
    const { deployment } = stateWith({ result: password });
    const env = { PULUMI_BACKEND_URL: `file://${directory}` };
    const read = (given: Partial<Context>) => stateReader(contextFor({ env, ...given }))();
    expect(read({})).toEqual({});
    const path = checkpointPath(env.PULUMI_BACKEND_URL, "shop", "dev") ?? "";
    mkdirSync(join(directory, ".pulumi", "stacks", "shop"), { recursive: true });
    writeFileSync(path, JSON.stringify({ checkpoint: { latest: deployment } }));
    expect(rulesOf(read({}))).toEqual(["plaintext-state"]);
    writeFileSync(join(directory, "export.json"), JSON.stringify({ deployment }));
    expect(rulesOf(read({ env: {}, settings: { stateFile: join(directory, "export.json") } }))).toEqual([
      "plaintext-state",
    ]);
    expect(read({ env: { PULUMI_BACKEND_URL: "s3://state" } })).toBeUndefined();
    expect(read({ project: "../shop" })).toBeUndefined();
    expect(() => read({ settings: { stateFile: join(directory, "none.json") } })).toThrow(
      /none\.json, which is not there$/,
    );
  });

  it("says what to do about a declared export that is no JSON", () => {
    writeFileSync(join(directory, "export.json"), password);
    const read = stateReader(contextFor({ settings: { stateFile: join(directory, "export.json") } }));
    expect(read).toThrow(/export\.json is not JSON: write it with pulumi stack export$/);
  });
});
