/** The manifest's shape, its published schema, and the command that operators run. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rowsOf, tableOf } from "../../../runtime/check.ts";
import { parseManifest, REASONS, type Finding } from "../../../runtime/index.ts";
import { schemaText } from "../../../runtime/schema.ts";
import { damages } from "./damage.ts";
import { manifestIn, mount, randomText } from "./fixture.ts";

const runtime = new URL("../../../runtime/", import.meta.url);
const good = manifestIn("/run/secrets", 4096);

describe("the manifest", () => {
  it("is what the published schema says: run `node runtime/schema.ts` when this fails", () => {
    const published: unknown = JSON.parse(readFileSync(new URL("manifest.schema.json", runtime), "utf8"));
    expect(published).toEqual(JSON.parse(schemaText()));
  });

  it("is accepted as the infrastructure writes it", () => {
    expect(parseManifest(JSON.stringify(good))).toEqual({ ok: true, manifest: good });
  });

  it.each([
    ["an unknown key", { ...good, extra: 1 }],
    ["an unknown key of a secret", { ...good, secrets: [{ ...good.secrets[0], note: "x" }] }],
    ["another version", { ...good, version: 2 }],
    ["a relative directory", { ...good, directory: "secrets" }],
    ["a file in another directory", withFile("../DB_PASSWORD")],
    ["a file below the directory", withFile("sub/DB_PASSWORD")],
    ["no service", { ...good, service: undefined }],
    ["generation 0", { ...good, secrets: [{ ...good.secrets[2], live: [0] }] }],
    ["a list", []],
    ["null", null],
  ])("refuses %s", (_title, manifest) => {
    expect(parseManifest(JSON.stringify(manifest)).ok).toBe(false);
  });

  it("never throws and never quotes what it could not read", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseManifest(text).ok).toBe(false);
      }),
    );
    const value = randomText(43);
    for (const text of [
      value,
      `"${value}"`,
      `{"${value}":"${value}"}`,
      `{"version":"${value}","service":["${value}"]}`,
    ]) {
      expect(JSON.stringify(parseManifest(text))).not.toContain(value);
    }
  });

  it("has every reason explained in docs/runtime.md, and none that does not exist", () => {
    const page = readFileSync(new URL("../docs/runtime.md", runtime), "utf8");
    const rows = page
      .slice(page.search(/^\| reason /m))
      .split("\n")
      .slice(2);
    const explained = rows.flatMap((row) =>
      [...(row.split("|")[1] ?? "").matchAll(/`([a-z0-9-]+)`/g)].map((m) => m[1]),
    );
    expect(explained.sort()).toEqual([...REASONS].sort());
  });

  it("has a reason in the published list for each damage", () => {
    const known: readonly string[] = REASONS;
    expect(damages.flatMap((d) => [...d.reasons, ...d.also]).filter((reason) => !known.includes(reason))).toEqual([]);
  });
});

describe("the command check", () => {
  const check = fileURLToPath(new URL("check.ts", runtime));

  it("prints JSON, names every entry and exits with 78 when files are missing", () => {
    const mounted = mount({}, 4096);
    try {
      const env = { SECRETS_MANIFEST_FILE: mounted.manifestFile };
      const { status, stdout } = spawnSync(process.execPath, [check, "--json"], { env, encoding: "utf8" });
      const result = JSON.parse(stdout) as { ok: boolean; rows: { reasons: string[] }[]; findings: Finding[] };
      expect({ status, ok: result.ok }).toEqual({ status: 78, ok: false });
      expect(result.rows.map((row) => row.reasons)).toEqual([
        ...Array<string[]>(10).fill(["missing"]),
        [],
        ["missing"],
      ]);
    } finally {
      mounted.remove();
    }
  });

  it("exits with 0 when there is nothing wrong, and 64 when it is called wrongly", () => {
    const mounted = mount({}, 4096, (manifest) => manifest.secrets.splice(0));
    try {
      const env = { SECRETS_MANIFEST_FILE: mounted.manifestFile };
      expect(execFileSync(process.execPath, [check], { env, encoding: "utf8" })).toContain("all secrets are valid");
      expect(spawnSync(process.execPath, [check, "--what"], { env }).status).toBe(64);
    } finally {
      mounted.remove();
    }
  });

  it("prints a table with a row for each generation", () => {
    const finding = {
      secret: "DB_PASSWORD",
      entry: "DB_PASSWORD",
      generation: 3,
      reason: "blank",
      message: "M",
    } as const;
    const table = tableOf(rowsOf({ manifest: good, findings: [finding] }), [finding]).split("\n");
    expect(table[0]).toMatch(/^SECRET +ENTRY +GENERATION +RESULT$/);
    expect(table).toContainEqual(expect.stringMatching(/^DB_PASSWORD +DB_PASSWORD +2 active +ok$/));
    expect(table).toContainEqual(expect.stringMatching(/^DB_PASSWORD +DB_PASSWORD +3 +blank$/));
    expect(table).toContainEqual(expect.stringMatching(/^OAUTH_GITHUB_CLIENT_SECRET +\S+ +off +ok$/));
  });
});

function withFile(file: string): unknown {
  const [secret] = manifestIn("/run/secrets", 4096).secrets.slice(2, 3);
  return { ...good, secrets: [{ ...secret, entries: [{ ...secret?.entries[0], files: { "1": file } }] }] };
}
