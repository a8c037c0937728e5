/** What is sealed anew, what is said of the rest, and every point at which a change may be killed. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { zstdCompressSync } from "node:zlib";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { changeAll, othersWith, planChange } from "../../../../cli/passphrase/change.ts";
import { Crypter } from "../../../../cli/passphrase/crypter.ts";
import { Keys } from "../../../../cli/passphrase/keys.ts";
import { configOf, FakeBackend, openedIn, recordOf, stateOf } from "./backend.ts";

const passphrases = { old: "the old passphrase", new: "the new passphrase" };
let old: Crypter;
let earlier: Crypter;
let backend: FakeBackend;

/** Derived once: each takes a quarter of a second. */
beforeAll(async () => {
  old = await Crypter.make(passphrases.old);
  earlier = await Crypter.make("one that nobody knows any more");
});

const history = ".pulumi/history/goimg/dev";

beforeEach(async () => {
  backend = await FakeBackend.make();
  await backend.put(`${history}/dev-0.history.json`, recordOf(old, "config one"));
  await backend.put(`${history}/dev-1.checkpoint.json`, stateOf(old, ["one"]));
  await backend.put(`${history}/dev-2.checkpoint.json.zst`, zstdCompressSync(stateOf(old, ["two"])));
  await backend.put(".pulumi/backups/goimg/dev/dev.2.json", stateOf(old, ["two"]));
  await backend.put(".pulumi/stacks/goimg/dev.json.bak", stateOf(old, ["two"]));
  await backend.put(".pulumi/stacks/goimg/dev.json", stateOf(old, ["two", "three"]));
  await backend.put(".pulumi/stacks/goimg/dev.json.attrs", "{}");
  await backend.put("Pulumi.dev.yaml", configOf(old, "config two"));
  await backend.put("Pulumi.yaml", "name: goimg\nruntime: nodejs\n");
});

afterEach(() => backend.remove());

const values = ["config one", '"one"', '"two"', '"two"', '"two"', '"two"', '"three"', "config two"].sort();

async function everything(): Promise<string> {
  return (await Promise.all((await backend.names()).map((name) => backend.text(name)))).join("\n");
}

async function newKeys(): Promise<readonly Crypter[]> {
  const lines = [...(await everything()).matchAll(/v1:[^:"\s]{12}:v1:[^:"\s]+:[^:"\s]+/g)].map(([line]) => line);
  const keys = await Promise.all([...new Set(lines)].map((line) => Crypter.of(passphrases.new, line)));
  return keys.filter((key) => key !== undefined);
}

describe("the crypter", () => {
  it("opens what the real engine sealed", async () => {
    const state = readFileSync(path.join(import.meta.dirname, "engine.checkpoint.json"), "utf8");
    const salt = /"salt":\s*"([^"]+)"/.exec(state)?.[1] ?? "";
    const key = await Crypter.of("of a test", salt);
    expect(key).toBeDefined();
    const ciphertexts = [...state.matchAll(/"ciphertext":\s*"([^"]+)"/g)].map(([, text = ""]) => text);
    expect(ciphertexts.length).toBeGreaterThan(2);
    for (const text of ciphertexts)
      expect(() => JSON.parse(key?.open(text)?.toString("utf8") ?? "") as unknown).not.toThrow();
    expect(await Crypter.of("of a tesT", salt)).toBeUndefined();
  });

  it("opens no value that was changed", () => {
    const sealed = old.seal(Buffer.from("value"));
    expect(old.open(sealed)?.toString("utf8")).toBe("value");
    expect(earlier.open(sealed)).toBeUndefined();
    expect(old.open(`${sealed.slice(0, -6)}AAAA${sealed.slice(-2)}`)).toBeUndefined();
    expect(old.open("v1:AAAA:AAAA")).toBeUndefined();
  });
});

describe("a change", () => {
  it("says in a plan what it would do, and changes nothing", async () => {
    const before = await everything();
    const plan = await planChange(backend.place, new Keys(passphrases));
    expect(plan.moved).toHaveLength(7);
    expect(plan).toMatchObject({ left: [], pruned: [], foreign: [], already: 0 });
    expect(await everything()).toBe(before);
  });

  it("seals everything anew, and touches nothing else", async () => {
    const unsealed = (text: string): string => text.replaceAll(/v1:[\w+/=:]+/g, "");
    const before = unsealed(await everything());
    const { moved, left } = await changeAll(backend.place, new Keys(passphrases), false);
    expect(moved).toHaveLength(7);
    expect(left).toEqual([]);
    const after = await everything();
    expect(unsealed(after)).toBe(before.replace("{}\n", ""));
    expect(after).not.toContain(old.line);
    expect(openedIn(after, [old])).toEqual([]);
    const keys = await newKeys();
    expect(keys).toHaveLength(1);
    expect([...openedIn(after, keys)].sort()).toEqual(values);
    // What Pulumi keeps of the file that was replaced would describe another one.
    expect((await backend.names()).filter((name) => /attrs|lock|goimg-passphrase|partial/.test(name))).toEqual([]);
  });

  it("that is killed at any write is gone on with, and nothing is lost in between", { timeout: 240_000 }, async () => {
    for (let writes = 0; ; writes += 1) {
      backend.writes = writes;
      const killed = await changeAll(backend.place, new Keys(passphrases), false).then(
        () => false,
        () => true,
      );
      const text = await everything();
      expect([...openedIn(text, [old, ...(await newKeys())])].sort()).toEqual(values);
      if (!killed) break;
      // Its lock is this process', which lives on: as a dead one's.
      for (const name of (await backend.names()).filter((one) => one.includes("/locks/"))) {
        const lock = JSON.parse(await backend.text(name)) as object;
        await backend.put(name, JSON.stringify({ ...lock, pid: 2 ** 22 + 1, hostname: hostname() }));
      }
      expect(writes).toBeLessThan(40);
    }
    backend.writes = Infinity;
    expect(openedIn(await everything(), [old])).toEqual([]);
  });

  it("names what it could not, and deletes that only when told to, and only of the past", async () => {
    await backend.put(`${history}/dev-0.checkpoint.json`, stateOf(earlier, ["zero"]));
    await backend.put(`${history}/dev-3.checkpoint.json.zst`, zstdCompressSync(stateOf(old, ["x"])).subarray(0, 60));
    await backend.put(
      "Pulumi.dev.yaml",
      configOf(old, "config two") + `  goimg:odd:\n    secure: ${earlier.seal(Buffer.from("odd"))}\n`,
    );
    const { left } = await changeAll(backend.place, new Keys(passphrases), false);
    const named = left.map(({ file, prunable }) => [path.basename(file), prunable]);
    expect(named).toEqual([
      ["dev-0.checkpoint.json", true],
      ["dev-3.checkpoint.json.zst", true],
      ["Pulumi.dev.yaml", false],
    ]);
    const again = await changeAll(backend.place, new Keys(passphrases), true);
    expect(again.pruned.map((file) => path.basename(file))).toEqual([
      "dev-0.checkpoint.json",
      "dev-3.checkpoint.json.zst",
    ]);
    expect(again.left.map(({ file }) => path.basename(file))).toEqual(["Pulumi.dev.yaml"]);
    expect(await backend.names()).toContain(`${history}/dev-1.checkpoint.json`);
  });

  it("does not touch what a stack of the project uses that has another passphrase or provider, only its past", async () => {
    await backend.put(".pulumi/stacks/goimg/prod.json", stateOf(earlier, ["prod"]));
    await backend.put(".pulumi/history/goimg/prod/prod-1.checkpoint.json", stateOf(earlier, ["prod"]));
    await backend.put(".pulumi/history/goimg/prod/prod-0.checkpoint.json", stateOf(old, ["before"]));
    await backend.put("Pulumi.prod.yaml", configOf(earlier, "prod"));
    const { foreign, left, pruned } = await changeAll(backend.place, new Keys(passphrases), true);
    expect({ foreign, left, pruned }).toEqual({ foreign: ["prod"], left: [], pruned: [] });
    expect([...openedIn(await everything(), [earlier])].sort()).toEqual(['"prod"', '"prod"', "prod"]);
    const past = await backend.text(".pulumi/history/goimg/prod/prod-0.checkpoint.json");
    expect(openedIn(past, [old])).toEqual([]);
    expect(openedIn(past, await newKeys())).toEqual(['"before"']);
  });

  it("finds other projects' states that the old passphrase opens", async () => {
    expect(await othersWith(backend.place, new Keys(passphrases))).toEqual([]);
    await backend.put(".pulumi/stacks/other/dev.json", stateOf(old, ["other"]));
    const others = await othersWith(backend.place, new Keys(passphrases));
    expect(others.map((file) => path.relative(backend.directory, file))).toEqual([".pulumi/stacks/other/dev.json"]);
  });

  it("waits for no update that runs: it refuses, and changes nothing", async () => {
    const lock = { pid: 1, username: "somebody", hostname: "elsewhere", timestamp: "2026-03-01T00:00:00Z" };
    await backend.put(".pulumi/locks/organization/goimg/dev/a.json", JSON.stringify(lock));
    const before = await everything();
    await expect(changeAll(backend.place, new Keys(passphrases), false)).rejects.toThrow(
      /locked by somebody@elsewhere/,
    );
    expect(await everything()).toBe(before);
  });
});
