/** The Go library gives the verdict of the TypeScript library on every row of the damage table. */
import { execFile } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inspectSecrets, type Finding, type Manifest } from "../../../runtime/index.ts";
import { textProblems, type TextFormat } from "../../../runtime/text.ts";
import { createAuthority, type Authority } from "../../fakes/certificates.ts";
import { damages, leaks, spoil } from "./damage.ts";
import { makeKeys, manifestIn, mount, randomText, valuesFor, type Keys, type Mounted } from "./fixture.ts";

const BITS = 2048;
const run = promisify(execFile);
const source = fileURLToPath(new URL("../../../runtime/go", import.meta.url));

let keys: Keys;
let work: string;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "goimg-go-"));
  const built = run("go", ["build", "-buildvcs=false", "-o", join(work, "check"), "./cmd/goimgsecrets-check"], {
    cwd: source,
  });
  [keys] = await Promise.all([makeKeys(BITS), built]);
}, 300_000);

afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

interface Verdict {
  code: number;
  findings: string[];
  output: string;
}

const shown = (f: Finding): string =>
  [f.secret, f.entry, f.generation, f.reason].map((part) => String(part ?? "")).join(" ");

function inGo(env: Record<string, string>): Promise<Verdict> {
  return new Promise((done) => {
    execFile(join(work, "check"), ["api"], { env }, (error, stdout, stderr) => {
      const lines = stderr.split("\n").filter((line) => line !== "");
      const findings = lines.map((line) => shown(JSON.parse(line) as Finding));
      done({ code: error === null ? 0 : Number(error.code), findings, output: stdout + stderr });
    });
  });
}

async function inTypeScript(env: Record<string, string>): Promise<Verdict> {
  const { findings } = await inspectSecrets({ env, service: "api" });
  return { code: findings.length === 0 ? 0 : 78, findings: findings.map(shown), output: JSON.stringify(findings) };
}

async function expectSame(mounted: Mounted, env: Record<string, string> = {}): Promise<Verdict> {
  const all = { SECRETS_MANIFEST_FILE: mounted.manifestFile, ...env };
  const [go, typescript] = await Promise.all([inGo(all), inTypeScript(all)]);
  expect({ code: go.code, findings: go.findings }).toEqual({ code: typescript.code, findings: typescript.findings });
  return go;
}

/** One file of each format: PKCS#8 and PKCS#1 keys, a password, an access key and an issued token. */
const chosen = ["JWT_PRIVATE_KEY", "JWT_PRIVATE_KEY.3", "JWT_PUBLIC_KEY", "JWT_PUBLIC_KEY.3"].concat([
  "DB_PASSWORD",
  "S3_ACCESS_KEY",
  "SMTP_PASSWORD",
]);
const targets = manifestIn("/", BITS).secrets.flatMap((secret) =>
  secret.entries.flatMap((entry) =>
    Object.values(entry.files)
      .filter((file) => chosen.includes(file))
      .map((file) => ({ entry, file })),
  ),
);
const cases = targets.flatMap((target) =>
  damages
    .filter((damage) => damage.on.includes(target.entry.format.type))
    .map((damage) => ({ title: `${target.file}: ${damage.name}`, damage, target })),
);

describe("both languages give one verdict on", () => {
  it("valid secrets", async () => {
    const mounted = mount(valuesFor(keys), BITS);
    try {
      expect((await expectSame(mounted)).code).toBe(0);
    } finally {
      mounted.remove();
    }
  });

  it.each([
    ["awsSecretsManager", "ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/x", ""],
    ["digitalocean", "DIGITALOCEAN_APP_ID", "4f6c71e2-1e90-4762-9fee-6cc4a0a9f2cf", "${APP_ID}"],
  ])(
    "values that a platform has put into the environment for %s, a missing one, and a manifest in it, there alone",
    async (provider, mark, there, elsewhere) => {
      const mounted = mount(valuesFor(keys), BITS);
      try {
        const values = Object.entries(mounted.values).map(([file, value]) => [file.replace(".", "__"), value] as const);
        const env: Record<string, string> = {
          SECRET_PROVIDER: provider,
          SECRETS_MANIFEST: JSON.stringify({ ...manifestIn("/none", BITS), production: true }),
          [mark]: there,
          ...Object.fromEntries(values),
        };
        expect(await expectSame(mounted, env)).toMatchObject({ code: 0 });
        const without = (name: string) => Object.fromEntries(Object.entries(env).filter(([key]) => key !== name));
        const missing = await expectSame(mounted, without("DB_PASSWORD__3"));
        expect(missing.findings).toEqual(["DB_PASSWORD DB_PASSWORD 3 missing"]);
        expect(leaks(missing.output, Object.values(mounted.values))).toEqual([]);
        for (const wrong of [without(mark), { ...env, [mark]: elsewhere }])
          expect((await expectSame(mounted, wrong)).findings).toEqual(["   provider-unavailable"]);
        expect((await expectSame(mounted, { ...env, SECRETS_MANIFEST: "{" })).findings).toEqual([
          "   manifest-invalid",
        ]);
      } finally {
        mounted.remove();
      }
    },
  );

  it.each(cases)("$title", async ({ damage, target }) => {
    const mounted = mount(valuesFor(keys), BITS);
    try {
      spoil(mounted, target.file, damage, keys);
      const { output } = await expectSame(mounted);
      expect(leaks(output, Object.values(mounted.values))).toEqual([]);
    } finally {
      mounted.remove();
    }
  });

  it.each([
    ["a manifest that is not there", {}, { SECRETS_MANIFEST_FILE: "/nonexistent" }],
    ["a manifest that is a directory", {}, { SECRETS_MANIFEST_FILE: "/" }],
    ["a manifest with an unknown key", { extra: 1 }, {}],
    ["a manifest of another version", { version: 2 }, {}],
    ["a manifest of another service", { service: "worker" }, {}],
    ["a manifest without production", { production: undefined }, {}],
    ["an unknown provider", {}, { SECRET_PROVIDER: "what" }],
    ["the provider of ECS elsewhere", {}, { SECRET_PROVIDER: "awsSecretsManager" }],
    ["the provider of App Platform elsewhere", {}, { SECRET_PROVIDER: "digitalocean" }],
    ["a Vault that is not set up", {}, { SECRET_PROVIDER: "vault" }],
    ["the development provider in production", { production: true }, { SECRET_PROVIDER: "env" }],
    [
      "the development provider, where GOIMG_ENV says production",
      {},
      { SECRET_PROVIDER: "env", GOIMG_ENV: "production" },
    ],
    ["the development provider and nothing set", {}, { SECRET_PROVIDER: "env" }],
    ["an empty provider", {}, { SECRET_PROVIDER: "" }],
  ])("%s", async (_title, change, env: Record<string, string>) => {
    const mounted = mount(valuesFor(keys), BITS, (manifest) => Object.assign(manifest, change));
    try {
      await expectSame(mounted, env);
    } finally {
      mounted.remove();
    }
  });

  it("a manifest at odds with itself, a file that was not granted, and equal values", async () => {
    const values = valuesFor(keys);
    const edit = (manifest: Manifest): void => {
      const [jwt, db, redis, , smtp, oauth] = manifest.secrets;
      if (!jwt || !db || !redis || !smtp || !oauth) throw new Error("the fixture has fewer secrets");
      jwt.live = [3, 2, 4];
      db.active = 9;
      redis.name = "DB_PASSWORD";
      oauth.required = true;
      smtp.entries[0] = { ...smtp.entries[0], ...{ files: { "1": "SMTP_PASSWORD", "9": "SMTP_PASSWORD.9" } } } as never;
    };
    const equal = {
      ...values,
      "DB_PASSWORD.3": values["DB_PASSWORD"] ?? "",
      S3_SECRET_KEY: values["DB_PASSWORD"] ?? "",
    };
    const mounted = mount({ ...equal, GRAFANA_ADMIN_PASSWORD: randomText(43) }, BITS, edit);
    try {
      writeFileSync(join(mounted.directory, "other"), "x");
      chmodSync(join(mounted.directory, "other"), 0o400);
      expect((await expectSame(mounted)).findings.length).toBeGreaterThan(12);
    } finally {
      mounted.remove();
    }
  });
});

describe("both languages give one verdict on a server's key and certificate", () => {
  const format = { minBits: BITS } as const;
  const granted = (manifest: Manifest): void => {
    const files = (name: string) => ({ "1": name });
    manifest.secrets.push({
      ...{ name: "GATEWAY_TLS", kind: "external", strategy: "redeploy", required: true, active: 1, live: [1] },
      entries: [
        { name: "TLS_CERTIFICATE", format: { type: "tlsCertificatePem", ...format }, files: files("TLS_CERTIFICATE") },
        {
          name: "TLS_PRIVATE_KEY",
          format: { type: "tlsPrivateKeyPem", ...format, pair: "TLS_CERTIFICATE" },
          files: files("TLS_PRIVATE_KEY"),
        },
      ],
    });
  };
  let authority: Authority;
  beforeAll(async () => {
    authority = await createAuthority();
  }, 60_000);

  const names = ["DNS:images.example.com"];
  const p384 = ["ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"];
  interface Given {
    readonly key: string;
    readonly certificate: string;
    readonly chain: string;
  }
  const sec1 = (pem: string): string => createPrivateKey(pem).export({ type: "sec1", format: "pem" }).toString();
  const pkcs1 = (pem: string): string => createPrivateKey(pem).export({ type: "pkcs1", format: "pem" }).toString();
  const locked = (pem: string): string =>
    createPrivateKey(pem).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "p" }).toString();
  const both = (reason: string): string[] => [`TLS_CERTIFICATE ${reason}`, `TLS_PRIVATE_KEY ${reason}`];

  it.each<[string, readonly string[], (given: Given, other: Given) => [string, string], string[]]>([
    ["P-256 with its chain", [], ({ key, chain }) => [chain, key], []],
    ["P-256 alone, its key as SEC 1", [], ({ key, certificate }) => [certificate, sec1(key)], []],
    ["RSA of 2048 bits", ["rsa:2048"], ({ key, chain }) => [chain.trimEnd(), key.trimEnd()], []],
    ["RSA, its key as PKCS#1", ["rsa:2048"], ({ key, chain }) => [chain, pkcs1(key)], []],
    ["RSA of 1024 bits", ["rsa:1024"], ({ key, chain }) => [chain, key], both("key-too-short")],
    ["P-384", p384, ({ key, chain }) => [chain, key], both("key-type")],
    ["Ed25519", ["ed25519"], ({ key, chain }) => [chain, key], both("key-type")],
    ["another's key", [], ({ chain }, { key }) => [chain, key], ["TLS_PRIVATE_KEY pair-mismatch"]],
    [
      "a chain the wrong way round",
      [],
      ({ key, certificate }) => [authority.issuer + certificate, key],
      ["TLS_CERTIFICATE chain-broken"],
    ],
    [
      "a chain without the issuer",
      [],
      ({ key, certificate }) => [certificate + authority.root, key],
      ["TLS_CERTIFICATE chain-broken"],
    ],
    [
      "a chain that another issued",
      [],
      ({ key, chain }, { certificate }) => [chain + certificate, key],
      ["TLS_CERTIFICATE chain-broken"],
    ],
    [
      "key and certificate in each other's place",
      [],
      ({ key, chain }) => [key, chain],
      ["TLS_CERTIFICATE private-key-for-public", "TLS_PRIVATE_KEY public-key-for-private"],
    ],
    [
      "a key behind the certificate",
      [],
      ({ key, chain }) => [chain + key, key],
      ["TLS_CERTIFICATE private-key-for-public"],
    ],
    ["an encrypted key", [], ({ key, chain }) => [chain, locked(key)], ["TLS_PRIVATE_KEY pem-encrypted"]],
    [
      "Windows' line ends",
      [],
      ({ key, chain }) => [chain.replaceAll("\n", "\r\n"), key],
      ["TLS_CERTIFICATE control-character"],
    ],
    ["truncated ones", [], ({ key, certificate }) => [certificate.slice(0, 300), key.slice(0, 100)], both("bad-pem")],
    [
      "text between",
      [],
      ({ key, certificate }) => [`${certificate}x\n${certificate}`, key],
      ["TLS_CERTIFICATE bad-pem"],
    ],
    ["content that is none", [], ({ key, chain }) => [chain.replace("MII", "AAA"), key], ["TLS_CERTIFICATE bad-pem"]],
    [
      "a request",
      [],
      ({ key }) => ["-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n", key],
      ["TLS_CERTIFICATE pem-wrong-label"],
    ],
  ])("%s", async (_title, key, choose, reasons) => {
    const given = async (): Promise<Given> => {
      const issued = await authority.issue({ names, ...(key.length === 0 ? {} : { key }) });
      return { ...issued, chain: issued.certificate + authority.issuer };
    };
    const [one, other] = [await given(), await given()];
    const [certificate, privateKey] = choose(one, other);
    const files = { TLS_CERTIFICATE: certificate, TLS_PRIVATE_KEY: privateKey };
    const mounted = mount({ ...valuesFor(keys), ...files }, BITS, granted);
    try {
      const { findings, output } = await expectSame(mounted);
      expect(findings).toEqual(reasons.map((reason) => `GATEWAY_TLS ${reason.replace(" ", " 1 ")}`));
      expect(leaks(output, [one.key, other.key])).toEqual([]);
    } finally {
      mounted.remove();
    }
  });
});

describe("the Go library", () => {
  it("has the word lists of the TypeScript library", () => {
    const lists = ["text.go", "../text.ts"].map((file) => {
      const text = readFileSync(join(source, file), "utf8");
      return [...text.matchAll(/"([a-z]+[0-9]{0,3})"/g)]
        .map((match) => match[1] ?? "")
        .filter((word) => word.length > 2);
    });
    const format: TextFormat = { type: "text", minLength: 1 };
    const weak = (lists[0] ?? []).filter((word) => textProblems(Buffer.from(word), format).length > 0);
    expect(weak.length).toBeGreaterThan(40);
    expect(lists[1]).toEqual(expect.arrayContaining(weak));
  });

  it("is used in docs/runtime.md as in its own example, which runs", () => {
    const read = (path: string): string => readFileSync(join(source, path), "utf8");
    const block = /docs\/runtime\.md begins\n([^]*?)\n\/\/ docs\/runtime\.md ends/.exec(read("example_test.go"))?.[1];
    expect(block).toMatch(/LoadOrExit/);
    expect(read("../../docs/runtime.md")).toContain(block?.trim());
  });

  it("passes its own tests", async () => {
    const { stdout } = await run("go", ["test", "-count=1", "./..."], { cwd: source });
    expect(stdout).toContain("ok");
  });
});
