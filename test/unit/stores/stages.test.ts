/** A move between stores: what each stage declares, and that a killed run finds its place again from the config alone. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { editStores, readStoreSettings } from "../../../cli/stores/settings.ts";
import { declaredAt, stageOf, stages, stagesAfter, type Move } from "../../../cli/stores/stages.ts";
import { saltedHash, valuesIn } from "../../../cli/stores/values.ts";
import { parseStoreSettings } from "../../../components/stores/settings.ts";

const vault = { address: "https://vault.example:8200" };
const moves: readonly Move[] = [
  { from: "swarm", to: "vault" },
  { from: "vault", to: "swarm" },
];

describe.each(moves)("a move from $from to $to", (move) => {
  test("is at the stage that the config declares, at each of them", () => {
    for (const stage of stages) {
      expect(stageOf(move, parseStoreSettings({ ...declaredAt(move, stage), vault }))).toBe(stage);
    }
  });

  test("never lets services read from a store that keeps nothing, nor drops the old entries in the stage that switches", () => {
    for (const stage of stages) {
      const { store, keepIn } = declaredAt(move, stage);
      expect(keepIn).toContain(store);
    }
    const [begin, copied, switched, retired] = stages.map((stage) => declaredAt(move, stage));
    expect(copied?.keepIn).toEqual(switched?.keepIn);
    expect([begin?.store, copied?.store]).toEqual([move.from, move.from]);
    expect([switched?.store, retired?.store]).toEqual([move.to, move.to]);
    expect(retired?.keepIn).toEqual([move.to]);
  });
});

test("settings that are about the other direction are no stage of a move", () => {
  const settings = parseStoreSettings({ store: "vault", vault });
  expect(stageOf({ from: "vault", to: "swarm" }, settings)).toBe("begin");
  expect(stageOf({ from: "swarm", to: "vault" }, settings)).toBe("retired");
  expect(stagesAfter("copied")).toEqual(["switched", "retired"]);
  expect(stagesAfter("retired")).toEqual([]);
});

describe("the config", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "goimg-stages-"));
  const file = path.join(directory, "Pulumi.dev.yaml");
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  test("keeps comments and all else, and loses keepIn when one store is left", async () => {
    const before = `# of a person\nconfig:\n  goimg-secrets:port: "8080"\n  goimg-secrets:vault: ${JSON.stringify(vault)}\n`;
    writeFileSync(file, before);
    await editStores(file, "swarm", ["swarm", "vault"]);
    expect(await readStoreSettings(file)).toMatchObject({ store: "swarm", keepIn: ["swarm", "vault"] });
    await editStores(file, "vault", ["vault"]);
    expect(await readStoreSettings(file)).toMatchObject({ store: "vault", keepIn: ["vault"] });
    expect(readFileSync(file, "utf8")).toContain("# of a person");
    expect(readFileSync(file, "utf8")).not.toContain("keepIn");
  });

  test("is left as it is when the outcome would be wrong", async () => {
    writeFileSync(file, "config: {}\n");
    await expect(editStores(file, "vault", ["vault"])).rejects.toThrow("vault: an object");
    expect(readFileSync(file, "utf8")).toBe("config: {}\n");
  });
});

test("values of the state are found in both stores' resources, once, and compared by salted hash", () => {
  const plain = (text: string) => ({ plaintext: JSON.stringify(text) });
  const state = {
    deployment: {
      resources: [
        { type: "docker:index/secret:Secret", urn: "u::DB_PASSWORD-g2", inputs: { data: plain(btoa("value-Qx7v")) } },
        { type: "goimg-stores:vault:Generation", urn: "u::DB_PASSWORD-g2", inputs: { value: plain("value-Qx7v") } },
        { type: "goimg-stores:vault:Generation", urn: "u::JWT_PRIVATE_KEY-g1", inputs: { value: plain("a\nb") } },
        { type: "docker:index/secret:Secret", urn: "u::api-login-g1", inputs: { data: plain(btoa("login")) } },
        { type: "random:index/randomPassword:RandomPassword", urn: "u::DB_PASSWORD-g2", inputs: {} },
      ],
    },
  };
  expect(valuesIn(state)).toEqual([
    { entry: "DB_PASSWORD", generation: 2, value: "value-Qx7v" },
    { entry: "JWT_PRIVATE_KEY", generation: 1, value: "a\nb" },
  ]);
  expect(saltedHash("a", "value")).not.toBe(saltedHash("b", "value"));
  expect(saltedHash("a", "value")).toBe(saltedHash("a", "value"));
});
