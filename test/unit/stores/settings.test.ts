/** A stack's choice of stores: what may be declared, and that every mistake is told at once. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { readStoreSettings } from "../../../cli/stores/settings.ts";
import { formatReads, parseReads } from "../../../components/cluster/swarm/reads.ts";
import { parseStoreSettings } from "../../../components/stores/settings.ts";

const vault = { address: "https://vault.example:8200", mount: "secret", auth: "approle", secretIds: 1 };

describe("a stack's store", () => {
  test("is Swarm's own unless it says otherwise", () => {
    expect(parseStoreSettings({})).toEqual({ store: "swarm", keepIn: ["swarm"] });
  });

  test("may be Vault, and both while values move, in one order however it is written", () => {
    const address = vault.address;
    expect(parseStoreSettings({ store: "vault", vault: { address } })).toEqual({
      store: "vault",
      keepIn: ["vault"],
      vault,
    });
    const both = { store: "swarm", vault: { address: `${address}/`, secretIds: "2" } };
    expect(parseStoreSettings({ ...both, keepIn: ["vault", "swarm"] })).toEqual({
      store: "swarm",
      keepIn: ["swarm", "vault"],
      vault: { ...vault, secretIds: 2 },
    });
  });

  test.each([
    [{ store: "file" }, ["store:", "keepIn:"]],
    [{ store: "swarm", keepIn: ["vault"], vault }, ["keepIn: services read from a store that keeps no values"]],
    [{ keepIn: ["swarm", "swarm"] }, ["keepIn: a list"]],
    [{ store: "vault" }, ["vault: an object"]],
    [
      { store: "vault", vault: { address: "http://vault.example", mount: "*", secretIds: 0, token: "x-Qx7v" } },
      ["vault.address:", "vault.mount:", "vault.secretIds:", "vault.token: no such setting"],
    ],
  ])("is refused with every problem at once: %j", (raw, problems) => {
    const said = (): unknown => parseStoreSettings(raw);
    for (const problem of problems) expect(said).toThrow(problem);
    expect(said).not.toThrow("Qx7v");
  });

  test("is read by the operator's commands as by the program, and refused with the file's name", async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "goimg-store-settings-"));
    const file = path.join(directory, "Pulumi.dev.yaml");
    try {
      writeFileSync(file, "encryptionsalt: x\n");
      expect(await readStoreSettings(file)).toEqual({ store: "swarm", keepIn: ["swarm"] });
      writeFileSync(file, `config:\n  goimg-secrets:store: vault\n  goimg-secrets:vault: ${JSON.stringify(vault)}\n`);
      expect(await readStoreSettings(file)).toEqual({ store: "vault", keepIn: ["vault"], vault });
      writeFileSync(file, "config:\n  goimg-secrets:store: vault\n");
      await expect(readStoreSettings(file)).rejects.toThrow(/Pulumi\.dev\.yaml: .*vault: an object/s);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test("what a container reads from a store is told and read in one form", () => {
  const label = formatReads([
    { file: "DB_PASSWORD", generation: 2 },
    { file: "DB_PASSWORD.13", generation: 13 },
  ]);
  expect(parseReads(label)).toEqual([
    { entry: "DB_PASSWORD", generation: 2, active: true },
    { entry: "DB_PASSWORD", generation: 13, active: false },
  ]);
  expect(parseReads("")).toEqual([]);
});
