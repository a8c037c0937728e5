/** Every entry × every kind of damage: the service refuses to start, says which and why, and shows no value. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findingLine } from "../../../runtime/findings.ts";
import { EXIT_CONFIG, loadSecrets, SecretsError } from "../../../runtime/index.ts";
import { damages, leaks, spoil } from "./damage.ts";
import { makeKeys, manifestIn, mount, valuesFor, type Keys, type Mounted } from "./fixture.ts";

const BITS = 4096;

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

interface Line {
  level: string;
  event: string;
  service: string;
  secret: string | null;
  entry: string | null;
  generation: number | null;
  reason: string;
  message: string;
}

let keys: Keys;
let work: string;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "goimg-service-"));
  const entryPoints = [fileURLToPath(new URL("service.ts", import.meta.url))];
  const options = {
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    outfile: join(work, "service.mjs"),
  } as const;
  [keys] = await Promise.all([makeKeys(BITS), build({ ...options, entryPoints })]);
}, 300_000);

afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

/** Starts the service on a mounted directory, in an environment of its own. */
function start(mounted: Mounted, env: Record<string, string> = {}): Promise<Outcome> {
  const environment = { SECRETS_MANIFEST_FILE: mounted.manifestFile, SECRET_PROVIDER: "docker", ...env };
  return new Promise((done) => {
    execFile(
      process.execPath,
      [join(work, "service.mjs")],
      { env: environment, timeout: 30_000 },
      (error, stdout, stderr) => {
        done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

/** What `start` would answer, from `loadSecrets` in this process. */
function startHere(mounted: Mounted): Promise<Outcome> {
  return loadSecrets({ env: { SECRETS_MANIFEST_FILE: mounted.manifestFile }, service: "api" }).then(
    (secrets) => ({ code: 0, stdout: secrets.reportLine(), stderr: "" }),
    (error: unknown) => {
      if (!(error instanceof SecretsError)) throw error;
      return { code: EXIT_CONFIG, stdout: "", stderr: error.findings.map((f) => findingLine(f, "api")).join("\n") };
    },
  );
}

function linesOf(stderr: string): Line[] {
  return stderr
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

const targets = manifestIn("/", BITS).secrets.flatMap((secret) =>
  secret.entries.flatMap((entry) =>
    Object.entries(entry.files).map(([generation, file]) => ({ secret, entry, generation: Number(generation), file })),
  ),
);

const cases = targets.flatMap((target) =>
  damages
    .filter((d) => d.on.includes(target.entry.format.type))
    // The entry whose value the others are given can't be given its own.
    .filter((d) => d.name !== "value of another secret" || target.entry.name !== "IPFS_PINATA_JWT")
    .map((damage) => ({ title: `${target.file}: ${damage.name}`, damage, target })),
);

describe("a service with one damaged secret", () => {
  it.concurrent.each(cases)("refuses to start on $title", async ({ damage, target }) => {
    const mounted = mount(valuesFor(keys), BITS);
    try {
      const after = spoil(mounted, target.file, damage, keys);
      // A process for each active generation; the others take the same way without one, which is faster.
      const { code, stdout, stderr } = await (target.generation === target.secret.active
        ? start(mounted)
        : startHere(mounted));
      const lines = linesOf(stderr);
      const reasons = new Set(lines.map((line) => line.reason));
      expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
      expect([...reasons]).toEqual(expect.arrayContaining(damage.reasons));
      expect([...damage.reasons, ...damage.also]).toEqual(expect.arrayContaining([...reasons]));
      for (const line of lines) {
        expect(line).toMatchObject({ level: "error", event: "secrets.invalid", service: "api" });
        expect(line.message).toContain(target.entry.name);
      }
      expect(lines.map((line) => line.generation)).toContain(target.generation);
      expect(leaks(stdout + stderr, [...Object.values(mounted.values), ...(after === "" ? [] : [after])])).toEqual([]);
    } finally {
      mounted.remove();
    }
  });

  it("covers at least 20 kinds of damage for each entry", () => {
    for (const target of targets) {
      expect(cases.filter((c) => c.target.file === target.file).length).toBeGreaterThanOrEqual(20);
    }
  });
});

describe("a service", () => {
  it("starts with valid secrets and reports generations alone", async () => {
    const mounted = mount(valuesFor(keys), BITS);
    try {
      const { code, stdout, stderr } = await start(mounted);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(JSON.parse(stdout)).toEqual({
        event: "secrets.report",
        service: "api",
        secrets: mounted.manifest.secrets.map(({ name, active, live }) => ({ name, active, live })),
      });
      expect(leaks(stdout, Object.values(mounted.values))).toEqual([]);
    } finally {
      mounted.remove();
    }
  });

  it("reports all damage at once, in the same order every time", async () => {
    const mounted = mount(valuesFor(keys), BITS);
    try {
      for (const target of targets) {
        const damage = damages.find((d) => d.name === (target.generation === 3 ? "deleted" : "empty"));
        if (damage) spoil(mounted, target.file, damage, keys);
      }
      const [first, second] = await Promise.all([start(mounted), start(mounted)]);
      expect(first.code).toBe(78);
      expect(first.stderr).toBe(second.stderr);
      const found = linesOf(first.stderr).map((l) => `${l.entry ?? ""}.${l.generation ?? 0} ${l.reason}`);
      expect(found).toEqual(
        targets
          .map((t) => `${t.entry.name}.${t.generation} ${t.generation === 3 ? "missing" : "blank"}`)
          .sort((a, b) => order(a) - order(b)),
      );
    } finally {
      mounted.remove();
    }
  });

  it.concurrent.each([
    ["manifest-missing", {}, { SECRETS_MANIFEST_FILE: "/nonexistent/manifest.json" }],
    ["manifest-missing", {}, { SECRETS_MANIFEST_FILE: "/" }],
    ["manifest-invalid", { raw: "{" }, {}],
    ["manifest-invalid", { raw: "sentinel-Qx7v-not-json" }, {}],
    ["manifest-invalid", { raw: '{"version":1,"sentinel-Qx7v":"sentinel-Qx7v"}' }, {}],
    ["manifest-wrong-service", { service: "worker" }, {}],
    ["unknown-provider", {}, { SECRET_PROVIDER: "sentinel-Qx7v" }],
    ["provider-unavailable", {}, { SECRET_PROVIDER: "awsSecretsManager" }],
    ["provider-unavailable", {}, { SECRET_PROVIDER: "digitalocean" }],
    ["provider-unavailable", {}, { SECRET_PROVIDER: "vault" }],
    ["provider-not-allowed", {}, { SECRET_PROVIDER: "env", GOIMG_ENV: "production" }],
    ["provider-not-allowed", { production: true }, { SECRET_PROVIDER: "env", GOIMG_ENV: "development" }],
  ])("refuses to start: %s (%o, %o)", async (reason, { raw, ...change }: Record<string, unknown>, env) => {
    const mounted = mount(valuesFor(keys), BITS, (manifest) => Object.assign(manifest, change));
    try {
      if (typeof raw === "string") {
        rmSync(mounted.manifestFile);
        writeFileSync(mounted.manifestFile, raw);
      }
      const { code, stdout, stderr } = await start(mounted, env);
      expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
      expect(linesOf(stderr)).toEqual([expect.objectContaining({ reason, secret: null, service: "api" })]);
      expect(stderr).not.toContain("Qx7v");
    } finally {
      mounted.remove();
    }
  });
});

/** Findings are sorted by secret, entry and generation. */
function order(found: string): number {
  const name = found.split(" ")[0] ?? "";
  const keyOf = (t: (typeof targets)[number]): string => `${t.secret.name} ${t.entry.name} ${t.generation}`;
  const sorted = [...targets].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return sorted.findIndex((t) => `${t.entry.name}.${t.generation}` === name);
}
