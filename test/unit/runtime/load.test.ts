/** The API of loaded secrets, the manifest's own rules, and the checks between values. */
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { loadSecrets, ProviderError, registerProvider, SecretsError, type Manifest } from "../../../runtime/index.ts";
import { dockerProvider } from "../../../runtime/docker.ts";
import { checkPem } from "../../../runtime/pem.ts";
import type { SecretProvider } from "../../../runtime/provider.ts";
import { leaks } from "./damage.ts";
import { makeKeys, mount, randomText, valuesFor, type Keys, type Mounted } from "./fixture.ts";

const BITS = 2048;
let keys: Keys;
const mounts: Mounted[] = [];

beforeAll(async () => {
  keys = await makeKeys(BITS);
}, 120_000);

afterEach(() => {
  for (const mounted of mounts.splice(0)) mounted.remove();
});

function mounted(edit?: (manifest: Manifest) => void, values = valuesFor(keys)): Mounted {
  const made = mount(values, BITS, edit);
  mounts.push(made);
  return made;
}

const envOf = (m: Mounted): Record<string, string> => ({ SECRETS_MANIFEST_FILE: m.manifestFile });

/** `ENTRY.G reason` of each finding. */
async function findings(m: Mounted, provider?: SecretProvider): Promise<string[]> {
  const error: unknown = await loadSecrets({ env: envOf(m), ...(provider && { provider }) }).then(
    () => new SecretsError([], null),
    (e: unknown) => e,
  );
  if (!(error instanceof SecretsError)) throw error;
  expect(leaks(error.message, Object.values(m.values))).toEqual([]);
  return error.findings.map((f) => `${f.entry ?? f.secret ?? ""}.${f.generation ?? ""} ${f.reason}`);
}

describe("loaded secrets", () => {
  it("hand out active values and every live generation, the active one first", async () => {
    const m = mounted();
    const secrets = await loadSecrets({ env: envOf(m) });
    expect(secrets.mustGet("DB_PASSWORD")).toBe(m.values["DB_PASSWORD"]);
    expect(secrets.active("DB_PASSWORD")).toBe(2);
    expect(secrets.active("JWT_PRIVATE_KEY")).toBe(2);
    const live = secrets.generations("DB_PASSWORD").map(({ generation, active, value }) => [generation, active, value]);
    expect(live).toEqual([
      [2, true, m.values["DB_PASSWORD"]],
      [3, false, m.values["DB_PASSWORD.3"]],
    ]);
  });

  it("tell a switched-off feature from a secret that was not granted", async () => {
    const secrets = await loadSecrets({ env: envOf(mounted()) });
    expect(secrets.active("OAUTH_GITHUB_CLIENT_SECRET")).toBeNull();
    expect(secrets.generations("OAUTH_GITHUB_CLIENT_SECRET")).toEqual([]);
    expect(secrets.getWithDefault("OAUTH_GITHUB_CLIENT_SECRET", "off")).toBe("off");
    expect(() => secrets.mustGet("OAUTH_GITHUB_CLIENT_SECRET")).toThrow(/switched off/);
    expect(() => secrets.getWithDefault("GRAFANA_ADMIN_PASSWORD", "")).toThrow(/not granted to api/);
    expect(() => {
      secrets.validateRequired(["DB_PASSWORD", "GRAFANA_ADMIN_PASSWORD", "OAUTH_GITHUB_CLIENT_SECRET"]);
    }).toThrow(/GRAFANA_ADMIN_PASSWORD is not granted[^]*OAUTH_GITHUB_CLIENT_SECRET is switched off/);
    expect(() => {
      secrets.validateRequired(["DB_PASSWORD", "JWT_PRIVATE_KEY"]);
    }).not.toThrow();
  });

  it("print [REDACTED] however they are printed", async () => {
    const m = mounted();
    const secrets = await loadSecrets({ env: envOf(m) });
    const live = secrets.generations("DB_PASSWORD");
    for (const thing of [secrets, live[0]]) {
      const printed = [
        inspect(thing, { showHidden: true, depth: 9 }),
        JSON.stringify({ thing }),
        `text: ${thing as unknown as string}`,
      ];
      expect(printed).toEqual(Array(3).fill(expect.stringContaining("[REDACTED]")));
      expect(leaks(printed.join("\n"), Object.values(m.values))).toEqual([]);
    }
    const spread = inspect([{ ...secrets }, { ...live[0] }, live, Object.entries(secrets)], { depth: 20 });
    expect(leaks(spread + JSON.stringify(live), Object.values(m.values))).toEqual([]);
  });

  it("report numbers alone", async () => {
    const secrets = await loadSecrets({ env: envOf(mounted()) });
    expect(secrets.report().secrets[0]).toEqual({ name: "JWT_KEY", active: 2, live: [2, 3] });
    expect(JSON.parse(secrets.reportLine())).toEqual({ event: "secrets.report", ...secrets.report() });
  });
});

describe("the manifest against itself", () => {
  const secretOf = (manifest: Manifest, i: number): Manifest["secrets"][number] => {
    const secret = manifest.secrets[i];
    if (!secret) throw new Error("the fixture has fewer secrets");
    return secret;
  };

  it.each([
    ["a live generation without a file", 1, { live: [2, 3, 4] }, ["DB_PASSWORD.4 generation-without-file"]],
    ["live generations out of order", 1, { live: [3, 2] }, ["DB_PASSWORD. manifest-inconsistent"]],
    ["an active generation that is not live", 2, { active: 7 }, ["REDIS_PASSWORD. manifest-inconsistent"]],
    ["a required secret without a generation", 5, { required: true }, ["OAUTH_GITHUB_CLIENT_SECRET. required-off"]],
    ["an active generation of nothing", 5, { active: 1 }, ["OAUTH_GITHUB_CLIENT_SECRET. manifest-inconsistent"]],
    ["one name twice", 2, { name: "DB_PASSWORD" }, ["DB_PASSWORD. manifest-inconsistent"]],
  ])("finds %s", async (_title, index, change, expected) => {
    const m = mounted((manifest) => Object.assign(secretOf(manifest, index), change));
    expect(await findings(m)).toEqual(expect.arrayContaining(expected));
  });

  it("finds a file of a generation that is not live, and one of another name", async () => {
    const m = mounted((manifest) => {
      Object.assign(secretOf(manifest, 2).entries[0]?.files ?? {}, { "9": "REDIS_PASSWORD.9" });
      Object.assign(secretOf(manifest, 4).entries[0]?.files ?? {}, { "1": "SMTP_PASSWORD.1" });
    });
    const found = await findings(m);
    expect(found).toContain("REDIS_PASSWORD.9 manifest-inconsistent");
    expect(found).toContain("SMTP_PASSWORD.1 manifest-inconsistent");
  });
});

describe("values against each other and against the grant", () => {
  it("finds two live generations with one value", async () => {
    const values = valuesFor(keys);
    const m = mounted(undefined, { ...values, "DB_PASSWORD.3": values["DB_PASSWORD"] ?? "" });
    expect(await findings(m)).toEqual([2, 3].map((g) => `DB_PASSWORD.${g} same-value-in-generations`));
  });

  it("finds two secrets with one value", async () => {
    const values = valuesFor(keys);
    const m = mounted(undefined, { ...values, REDIS_PASSWORD: values["DB_PASSWORD"] ?? "" });
    expect(await findings(m)).toEqual(["DB_PASSWORD.2", "REDIS_PASSWORD.1"].map((at) => `${at} same-value-in-secrets`));
  });

  it("finds a file that was not granted, and names it only when it is a secret's name", async () => {
    const values = { ...valuesFor(keys), GRAFANA_ADMIN_PASSWORD: randomText(43), "DB_PASSWORD.1": randomText(43) };
    const m = mounted(undefined, values);
    writeFileSync(join(m.directory, "sentinel-Qx7v"), "x", { mode: 0o400 });
    const found = await findings(m);
    expect(found.sort()).toEqual(["", "DB_PASSWORD.1", "GRAFANA_ADMIN_PASSWORD"].map((name) => `${name}. not-granted`));
  });

  it("finds a key whose public exponent is too small", () => {
    const make = (publicExponent: number): string =>
      generateKeyPairSync("rsa", { modulusLength: BITS, publicExponent })
        .privateKey.export({ type: "pkcs8", format: "pem" })
        .toString();
    const reasonsOf = (pem: string): string[] =>
      checkPem(Buffer.from(pem), { type: "rsaPrivateKeyPem", minBits: BITS, pair: "X" }).problems.map((p) => p.reason);
    expect(reasonsOf(make(3))).toEqual(["weak"]);
    expect(reasonsOf(make(65_537))).toEqual([]);
  });

  it("finds a private key without the right half, and accepts one whose pair is not granted", async () => {
    const values = { ...valuesFor(keys), "JWT_PRIVATE_KEY.3": keys["spare.private"] ?? "" };
    expect(await findings(mounted(undefined, values))).toEqual(["JWT_PRIVATE_KEY.3 pair-mismatch"]);
    const rest = Object.fromEntries(Object.entries(values).filter(([name]) => !name.startsWith("JWT_PUBLIC_KEY")));
    expect(await findings(mounted((manifest) => manifest.secrets[0]?.entries.pop(), rest))).toEqual([]);
  });
});

describe("providers", () => {
  it("docker accepts Kubernetes' links inside the directory and looks past its own folders", async () => {
    const m = mounted();
    mkdirSync(join(m.directory, "..2026_11_25"));
    mkdirSync(join(m.directory, "kubernetes.io"));
    renameSync(join(m.directory, "DB_PASSWORD"), join(m.directory, "..2026_11_25", "DB_PASSWORD"));
    symlinkSync("..2026_11_25", join(m.directory, "..data"));
    symlinkSync("..data/DB_PASSWORD", join(m.directory, "DB_PASSWORD"));
    expect(await findings(m)).toEqual([]);
    chmodSync(join(m.directory, "..2026_11_25", "DB_PASSWORD"), 0o440);
    expect(await findings(m)).toEqual(["DB_PASSWORD.2 mode-too-open"]);
  });

  it("docker refuses the file of another user", async () => {
    const m = mounted();
    const found = await findings(m, dockerProvider({ directory: m.directory, uid: 4242 }));
    expect(found).toEqual(Array(11).fill(expect.stringContaining("wrong-owner")));
  });

  it("env reads NAME and NAME__G in development and reports what is not set", async () => {
    const m = mounted();
    const values = Object.entries(m.values).map(([name, value]) => [name.replace(".", "__"), value] as const);
    const env = { ...envOf(m), SECRET_PROVIDER: "env", ...Object.fromEntries(values) };
    const secrets = await loadSecrets({ env });
    expect(secrets.generations("DB_PASSWORD")[1]?.value).toBe(m.values["DB_PASSWORD.3"]);
    await expect(loadSecrets({ env: { ...env, DB_PASSWORD__3: undefined } })).rejects.toThrow(/export DB_PASSWORD__3/);
  });

  it("a registered provider is used, and what it throws is not quoted", async () => {
    const m = mounted();
    registerProvider("elsewhere", () => ({
      name: "elsewhere",
      allowedInProduction: true,
      read: (file) => {
        if (file === "REDIS_PASSWORD") return Promise.reject(new Error("sentinel-Qx7v"));
        if (file === "SMTP_PASSWORD") return Promise.reject(new ProviderError("missing", "is not there"));
        return Promise.resolve(Buffer.from(m.values[file] ?? ""));
      },
    }));
    const error: unknown = await loadSecrets({ env: { ...envOf(m), SECRET_PROVIDER: "elsewhere" } }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(SecretsError);
    expect(inspect(error)).not.toContain("Qx7v");
    expect(inspect(error)).toMatch(
      /REDIS_PASSWORD generation 1 can't be read[^]*SMTP_PASSWORD generation 1 is not there/,
    );
    expect(() => {
      registerProvider("docker", () => dockerProvider({ directory: "/" }));
    }).toThrow(/built in/);
  });
});
