/**
 * What every store does, one table for all: a store is added by a row. Through the real engine, on the real store; what is in it is
 * asked of the store itself and of a consumer's own way in, never of Pulumi.
 */
import { createHash, randomBytes } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EntryName, SecretName } from "../../../components/catalog/grants.ts";
import type { Consumer } from "../../../components/stores/store.ts";
import { formsOf } from "../../../cli/leaks/finder.ts";
import { awsStore } from "./awsStore.ts";
import { envStore } from "./envStore.ts";
import { openInlineStack, type InlineStack } from "./inlineStack.ts";
import { vaultStore } from "./vaultStore.ts";
import { keyOf, type StoreUnderTest, type Wanted } from "./storeUnderTest.ts";
import { swarmStore } from "./swarmStore.ts";

const stores: readonly (readonly [string, () => Promise<StoreUnderTest>])[] = [
  ["swarm", swarmStore],
  ["vault", vaultStore],
  ["env", envStore],
  ["awsSecretsManager", awsStore],
];

/** Grants of two consumers, as the catalog has them. */
const worker: Consumer = { name: "worker", secrets: ["DB_PASSWORD", "S3_SECRET_KEY"] };
const api: Consumer = { name: "api", secrets: ["DB_PASSWORD", "REDIS_PASSWORD", "OAUTH_GOOGLE_CLIENT_SECRET"] };

/** Secrets of entries that have another name. */
const secretsOf: Readonly<Partial<Record<EntryName, SecretName>>> = { S3_SECRET_KEY: "S3_KEY" };

interface Put extends Wanted {
  readonly value: string;
}

const put = (entry: EntryName, generation: number, value = randomBytes(32).toString("base64url")): Put => ({
  entry,
  generation,
  value,
});

/** A resource of Pulumi's state, and what it was computed from. */
interface StateResource {
  readonly urn: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
}

/** What a killed run has put into the store, and not into the state. */
const isLost = (urn: string): boolean => urn.endsWith("::DB_PASSWORD-g2");

function withoutLost({ dependencies = [], propertyDependencies = {}, ...rest }: StateResource): StateResource {
  const kept = (urns: readonly string[] | null): readonly string[] => (urns ?? []).filter((urn) => !isLost(urn));
  const byProperty = Object.entries(propertyDependencies).map(([name, urns]) => [name, kept(urns)] as const);
  return { ...rest, dependencies: kept(dependencies), propertyDependencies: Object.fromEntries(byProperty) };
}

const hash = (value: string): string => createHash("sha256").update(value).digest("hex");
const hashes = (...puts: readonly Put[]): ReadonlyMap<string, string> =>
  new Map(puts.map((one) => [keyOf(one), hash(one.value)]));

describe.each(stores)("the %s store", (_kind, open) => {
  let store: StoreUnderTest;
  let inline: InlineStack;
  let stack: Stack;
  let output = "";
  /** Everything that was ever put into the store, to be looked for. */
  const every: Put[] = [];
  const [db1, db2, redis1] = [put("DB_PASSWORD", 1), put("DB_PASSWORD", 2), put("REDIS_PASSWORD", 1)];

  beforeAll(async () => {
    store = await open();
    inline = await openInlineStack(store.env, store.plugins);
    stack = inline.stack;
  });

  afterAll(async () => {
    await store.close();
    await inline.remove();
  });

  /** One update to exactly these generations. Answers what it did to them, as `DB_PASSWORD-g2 create`. */
  async function up(puts: readonly Put[], production = false): Promise<readonly string[]> {
    every.push(...puts);
    const operations: string[] = [];
    const program = (): Promise<void> => {
      const generated = puts.map(({ entry, generation, value }) => ({
        secret: secretsOf[entry] ?? (entry as SecretName),
        entry,
        generation,
        value: pulumi.secret(value),
      }));
      store.make(generated, [api, worker], production);
      return Promise.resolve();
    };
    await stack.up({
      program,
      onOutput: (text) => (output += text),
      onError: (text) => (output += text),
      onEvent({ resOutputsEvent }) {
        const { type, op, urn } = resOutputsEvent?.metadata ?? {};
        if (type === store.type && op !== "same") operations.push(`${urn?.split("::").at(-1) ?? ""} ${op ?? ""}`);
      },
    });
    return operations.sort();
  }

  const refused = (puts: readonly Put[], production?: boolean): Promise<string> =>
    up(puts, production).then(
      () => "accepted",
      (error: unknown) => String(error),
    );

  test("creates what is declared, exactly as it is", async () => {
    expect(await up([db1, redis1])).toEqual(["DB_PASSWORD-g1 create", "REDIS_PASSWORD-g1 create"]);
    expect(await store.stored()).toEqual(["DB_PASSWORD.1", "REDIS_PASSWORD.1"]);
    expect(await store.seenBy(api, [db1, redis1])).toEqual(hashes(db1, redis1));
  });

  test("publishes beside what is there", async () => {
    expect(await up([db1, db2, redis1])).toEqual(["DB_PASSWORD-g2 create"]);
    expect(await store.seenBy(api, [db1, db2, redis1])).toEqual(hashes(db1, db2, redis1));
  });

  test("is not touched by a promotion, nor by an update without a change", async () => {
    expect(await up([db1, db2, redis1])).toEqual([]);
  });

  test("lets a consumer read what it was granted and nothing else, or is refused in production", async () => {
    const seen = await store.seenBy(worker, [db1, db2, redis1]);
    expect(seen).toEqual(store.grants ? hashes(db1, db2) : hashes(db1, db2, redis1));
    if (!store.grants) expect(await refused([db1, db2, redis1], true)).toContain("is for development");
  });

  test("goes on where a run was killed between the store and the state", async () => {
    const state = await stack.exportStack();
    const { resources } = state.deployment as { resources: StateResource[] };
    const rest = resources.filter(({ urn }) => !isLost(urn)).map(withoutLost);
    expect(rest).toHaveLength(resources.length - 1);
    await stack.importStack({ ...state, deployment: { ...(state.deployment as object), resources: rest } });
    await store.mend?.(JSON.stringify(rest));
    expect(await up([db1, db2, redis1])).toEqual(["DB_PASSWORD-g2 create"]);
    expect(await store.stored()).toEqual(["DB_PASSWORD.1", "DB_PASSWORD.2", "REDIS_PASSWORD.1"]);
    expect(await store.seenBy(api, [db1, db2, redis1])).toEqual(hashes(db1, db2, redis1));
  });

  test("retires and revokes: the old value is gone, the new one stays", async () => {
    expect(await up([db2, redis1])).toEqual(["DB_PASSWORD-g1 delete"]);
    expect(await store.stored()).toContain("DB_PASSWORD.2");
    expect(await store.stored()).not.toContain("DB_PASSWORD.1");
    expect(await store.seenBy(api, [db1, db2])).toEqual(hashes(db2));
  });

  test("says so where it refuses a second value under a number by itself", async () => {
    const again = put("DB_PASSWORD", 1);
    const answer = await refused([again, db2, redis1]);
    expect(answer.includes("a number is never used twice")).toBe(store.remembersNumbers);
    await up([db2, redis1]);
    expect(await store.seenBy(api, [again, db2])).toEqual(hashes(db2));
  });

  test("refuses values that are empty or too large, says how large they may be, and keeps what it has", async () => {
    expect(await refused([db2, redis1, put("S3_SECRET_KEY", 1, "")])).toMatch(/empty/);
    const large = put("S3_SECRET_KEY", 1, "x".repeat(store.maxBytes + 1));
    const answer = await refused([db2, redis1, large]);
    expect(answer).toContain(`${store.maxBytes} bytes`);
    expect(answer).not.toContain("x".repeat(20));
    if (store.withoutNul === true) {
      expect(await refused([db2, redis1, put("S3_SECRET_KEY", 1, `${"n".repeat(40)}\u0000`)])).toContain("no NUL");
    }
    expect(await store.stored()).toContain("DB_PASSWORD.2");
    expect((await store.stored()).filter((key) => key.startsWith("S3_SECRET_KEY"))).toEqual([]);
  });

  test("keeps any text of the largest size under the longest name, from a number that is not 1", async () => {
    const any = `'"\`$\\ \n\r\t#=ü€😀{{}}`;
    const awkward = store.withoutNul === true ? any : `${any}\u0000`;
    const text = awkward + "y".repeat(store.maxBytes - Buffer.byteLength(awkward));
    const largest = put("OAUTH_GOOGLE_CLIENT_SECRET", 3, text);
    expect(await up([db2, redis1, largest])).toEqual(["OAUTH_GOOGLE_CLIENT_SECRET-g3 create"]);
    expect(await store.seenBy(api, [largest])).toEqual(hashes(largest));
  });

  test("leaves nothing behind, and no value in output, state or what the store writes", async () => {
    const traces = await store.traces();
    const state = await inline.stateFiles();
    await stack.destroy({ onOutput: (text) => (output += text) });
    expect((await store.stored()).filter((key) => key.startsWith("DB_PASSWORD"))).toEqual([]);
    const texts = { output, state, traces };
    const needles = every
      .filter(({ value }) => value.length > 20 && value.length < 100)
      .flatMap((one) => formsOf(keyOf(one), Buffer.from(one.value)));
    const found = Object.entries(texts).flatMap(([where, text]) =>
      needles.filter(({ bytes }) => text.includes(bytes.toString("latin1"))).map(({ label }) => `${label} in ${where}`),
    );
    expect(output).toContain("DB_PASSWORD-g2");
    expect(state).toContain("DB_PASSWORD-g2");
    expect(found).toEqual([]);
  });
});
