import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GeneratedEntry } from "../../../components/secrets/generations.ts";
import { envEntry } from "../../../components/stores/provider/envEntry.ts";
import { KindsProvider } from "../../../components/stores/provider/provider.ts";
import { mockEngine, resolve, sentinel, settle, type Recorded } from "./mocks.ts";

const generated = (generation: number): GeneratedEntry => ({
  secret: "DB_PASSWORD",
  entry: "DB_PASSWORD",
  generation,
  value: pulumi.secret(`${sentinel}-${generation}`),
});

/** As the engine is sent, and sends, a secret. */
const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

describe("the env store's component", () => {
  let recorded: Recorded[];

  beforeAll(async () => {
    recorded = await mockEngine();
  });

  test("declares one entry for each generation, and nothing in production", async () => {
    const { EnvStore } = await import("../../../components/stores/env.ts");
    const args = { file: "/home/dev/shop.env", production: false };
    const store = new EnvStore("store", [generated(2), generated(3)], args);
    const names = await Promise.all(store.entries.map(({ name }) => resolve(name)));
    expect(() => new EnvStore("other", [generated(1)], { ...args, production: true })).toThrow(/is for development/);
    await settle();
    expect(names.map(({ value }) => value)).toEqual(["DB_PASSWORD__2", "DB_PASSWORD__3"]);
    const entry = (generation: number): Recorded => ({
      type: "goimg-stores:env:Entry",
      name: `DB_PASSWORD-g${generation}`,
      inputs: {
        file: "/home/dev/shop.env",
        entry: "DB_PASSWORD",
        generation,
        value: secret(`${sentinel}-${generation}`),
      },
    });
    expect(recorded.filter(({ type }) => type === "goimg-stores:env:Entry")).toEqual([entry(2), entry(3)]);
    expect(JSON.stringify(recorded.filter(({ type }) => type !== "goimg-stores:env:Entry"))).not.toContain(sentinel);
  });
});

describe("the provider of stores", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "goimg-stores-"));
  const file = path.join(directory, "below", "dev.env");
  const provider = new KindsProvider({ "goimg-stores:env:Entry": envEntry });
  const urn = "urn:pulumi:dev::shop::goimg:stores:Env$goimg-stores:env:Entry::DB_PASSWORD-g1";
  const inputs = (value: unknown, more: object = {}) => ({
    ...{ file, entry: "DB_PASSWORD", generation: 1, value },
    ...more,
  });

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test("answers secrets as they came, so that they stay secret in the state", async () => {
    const raw = inputs(secret(sentinel));
    expect(await provider.create(urn, raw)).toEqual({ id: `${file}#DB_PASSWORD__1`, outs: raw });
    expect(readFileSync(file, "utf8")).toContain(sentinel);
    expect(statSync(file).mode & 0o7777).toBe(0o600);
    expect(statSync(path.dirname(file)).mode & 0o7777).toBe(0o700);
  });

  test("takes over what is there, and refuses another value under its number", async () => {
    await expect(provider.create(urn, inputs(secret(sentinel)))).resolves.toBeDefined();
    const refused = provider.create(urn, inputs(secret("another-Qx7v")));
    await expect(refused).rejects.toThrow(/a number is never used twice/);
    await expect(refused).rejects.not.toThrow(/Qx7v/);
  });

  test("replaces what changed, deleting first only what has the same place", async () => {
    const before = inputs(secret(sentinel));
    expect(await provider.diff("", urn, before, inputs(secret(sentinel)))).toMatchObject({ changes: false });
    expect(await provider.diff("", urn, before, inputs(secret("another")))).toEqual({
      changes: true,
      replaces: ["value"],
      deleteBeforeReplace: true,
    });
    expect(await provider.diff("", urn, before, inputs(secret(sentinel), { file: "/other.env" }))).toEqual({
      changes: true,
      replaces: ["file"],
      deleteBeforeReplace: false,
    });
  });

  test("reports every problem at once, none for what a preview does not know, and never a value", async () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    const wrong = { file: "relative", entry: "lower-Qx7v", generation: 0, value: secret("") };
    const { failures = [] } = await provider.check(urn, {}, wrong);
    expect(failures.map(({ property }) => property)).toEqual(["file", "entry", "generation", "value"]);
    expect(JSON.stringify(failures)).not.toContain("Qx7v");
    expect((await provider.check(urn, {}, inputs(unknown, { file: unknown }))).failures).toEqual([]);
  });

  test("finds what is gone or was changed by hand, and deletes it twice without an error", async () => {
    expect(await provider.read("it", urn, inputs(secret(sentinel)))).toMatchObject({ id: "it" });
    expect(await provider.read("it", urn, inputs(secret("another")))).toEqual({ id: "", props: {} });
    await provider.delete("it", urn, inputs(secret(sentinel)));
    await provider.delete("it", urn, inputs(secret(sentinel)));
    expect(await provider.read("it", urn, inputs(secret(sentinel)))).toEqual({ id: "", props: {} });
  });
});
