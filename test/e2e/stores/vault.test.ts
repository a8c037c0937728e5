/** A real Vault: logins that last, logins that end, both languages, and a service that goes through a rotation under load. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import path from "node:path";
import { promisify } from "node:util";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { secretSpecs } from "../../../components/catalog/grants.ts";
import type { Declared } from "../../../components/secrets/declare.ts";
import { Generations } from "../../../components/secrets/generations.ts";
import { manifestFor } from "../../../components/secrets/manifest.ts";
import { member } from "../../../runtime/vaultHttp.ts";
import { VaultStore } from "../../../components/stores/vault.ts";
import { inspectSecrets } from "../../../runtime/index.ts";
import { vaultProvider } from "../../../runtime/vault.ts";
import { freePort, repository } from "../project.ts";
import { openInlineStack, type InlineStack } from "./inlineStack.ts";
import { startVault, type VaultServer } from "./vaultServer.ts";

const work = { name: "worker", secrets: ["DB_PASSWORD"] } as const;
const roles = { name: "db-roles", secrets: ["DB_PASSWORD"] } as const;

let server: VaultServer;
let inline: InlineStack;
/** Settings of each service, its credential's file among them. */
const settings = new Map<string, Record<string, string>>();

beforeAll(async () => {
  server = await startVault();
  inline = await openInlineStack(server.env);
  const source = path.join(repository, "runtime/go");
  const check = ["build", "-buildvcs=false", "-o", path.join(inline.directory, "check"), "./cmd/goimgsecrets-check"];
  await Promise.all([promisify(execFile)("go", check, { cwd: source }), up({ live: [1], active: 1 })]);
}, 300_000);

afterAll(async () => {
  await inline.stack.destroy();
  await inline.remove();
  await server.stop();
});

const declaredAs = ({ live, active }: Pick<Declared, "live" | "active">): Declared => ({
  secret: "DB_PASSWORD",
  spec: secretSpecs.DB_PASSWORD,
  required: true,
  live,
  active,
});

/** One update: generators, store, logins. Then the services' settings, credentials and manifests are put where they read them. */
async function up(generations: Pick<Declared, "live" | "active">, secretIds = 1): Promise<void> {
  const declared = [declaredAs(generations)];
  const credentials = new Map<string, string>();
  await inline.stack.up({
    program: () => {
      const { entries } = new Generations("secrets", { secrets: declared, external: {} });
      const args = { address: server.address, consumers: [work, roles], secretIds };
      for (const [name, { env, credential }] of new VaultStore("store", entries, args).logins) {
        const base = path.join(inline.directory, name);
        const files = { VAULT_SECRET_ID_FILE: `${base}.login`, SECRETS_MANIFEST_FILE: `${base}.json` };
        settings.set(name, { ...env, ...files });
        credential.apply((value) => credentials.set(name, value));
      }
      return Promise.resolve();
    },
  });
  for (const { name, secrets: granted } of [work, roles]) {
    const manifest = manifestFor({ service: name, stack: "test", production: true, granted, declared });
    await writeFile(envOf(name)["SECRETS_MANIFEST_FILE"] ?? "", JSON.stringify(manifest));
    const file = envOf(name)["VAULT_SECRET_ID_FILE"] ?? "";
    await rm(file, { force: true });
    await writeFile(file, credentials.get(name) ?? "", { mode: 0o400 });
  }
}

function envOf(service: string): Record<string, string> {
  return settings.get(service) ?? {};
}

/** What Vault was asked on a path, from its own audit log. */
async function asked(route: string): Promise<number> {
  const lines = (await server.logs()).split("\n").filter((line) => line.startsWith("{"));
  const requests = lines.map((line) => JSON.parse(line) as { type: string; request?: { path?: string } });
  return requests.filter(({ type, request }) => type === "response" && request?.path === route).length;
}

/** Findings of both languages, after it was seen that they are the same. */
async function findings(env: Readonly<Record<string, string>>, service: string): Promise<readonly string[]> {
  const { findings: found } = await inspectSecrets({ env, service });
  const said = await new Promise<string>((done) => {
    execFile(path.join(inline.directory, "check"), [service], { env }, (_error, _stdout, stderr) => {
      done(stderr);
    });
  });
  const lines = said.split("\n").filter((line) => line !== "");
  const messages = found.map(({ message }) => message);
  expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(messages);
  return messages;
}

describe("a login", () => {
  const one = { entry: "DB_PASSWORD", generation: 1 };

  test("is one for many reads, is renewed at two thirds of its time, and is given back", async () => {
    let now = Date.now();
    const before = { login: await asked("auth/approle/login"), renew: await asked("auth/token/renew-self") };
    const provider = vaultProvider(envOf("worker"), () => now);
    const [first, second] = await Promise.all([provider.read("DB_PASSWORD", one), provider.read("DB_PASSWORD", one)]);
    expect(first).toEqual(second);
    expect(await asked("auth/approle/login")).toBe(before.login + 1);
    now += 599_000;
    await provider.read("DB_PASSWORD", one);
    expect(await asked("auth/token/renew-self")).toBe(before.renew);
    now += 2_000;
    expect(await provider.read("DB_PASSWORD", one)).toEqual(first);
    expect(await asked("auth/token/renew-self")).toBe(before.renew + 1);
    expect(await asked("auth/approle/login")).toBe(before.login + 1);
    await provider.close?.();
    expect(await asked("auth/token/revoke-self")).toBeGreaterThan(0);
  });

  test("is made anew when its time is over, and when Vault has revoked it before", async () => {
    let now = Date.now();
    const provider = vaultProvider(envOf("worker"), () => now);
    const value = await provider.read("DB_PASSWORD", one);
    const before = await asked("auth/approle/login");
    now += 901_000;
    expect(await provider.read("DB_PASSWORD", one)).toEqual(value);
    expect(await asked("auth/approle/login")).toBe(before + 1);
    await server.ask("PUT", "sys/leases/revoke-prefix/auth/approle");
    expect(await provider.read("DB_PASSWORD", one)).toEqual(value);
    expect(await asked("auth/approle/login")).toBe(before + 2);
    await provider.close?.();
  });

  test("by JWT reads the same", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = publicKey.export({ type: "spki", format: "pem" });
    await server.ask("POST", "sys/auth/jwt", { type: "jwt" });
    await server.ask("POST", "auth/jwt/config", { jwt_validation_pubkeys: [pem] });
    const claims = { role_type: "jwt", user_claim: "sub", bound_audiences: ["vault"], bound_subject: "worker" };
    await server.ask("POST", "auth/jwt/role/worker", { ...claims, token_policies: ["goimg-test-worker"] });
    const file = path.join(inline.directory, "token.jwt");
    const jwt = new SignJWT({})
      .setProtectedHeader({ alg: "RS256" })
      .setIssuedAt()
      .setSubject("worker")
      .setAudience("vault");
    await writeFile(file, await jwt.setExpirationTime("5m").sign(privateKey), { mode: 0o400 });
    const { VAULT_ADDR = "", VAULT_SECRETS = "", SECRETS_MANIFEST_FILE = "" } = envOf("worker");
    const env = { VAULT_ADDR, VAULT_SECRETS, SECRETS_MANIFEST_FILE, SECRET_PROVIDER: "vault" };
    expect(await findings({ ...env, VAULT_ROLE: "worker", VAULT_JWT_FILE: file }, "worker")).toEqual([]);
  });

  test("that is not set up says everything that is missing at once, in both languages", async () => {
    const { SECRETS_MANIFEST_FILE = "" } = envOf("worker");
    const env = { SECRETS_MANIFEST_FILE, SECRET_PROVIDER: "vault", VAULT_ADDR: "http://vault.example:8200" };
    const [message = ""] = await findings(env, "worker");
    for (const name of ["VAULT_ADDR", "VAULT_SECRETS", "VAULT_ROLE_ID", "VAULT_SECRET_ID_FILE"]) {
      expect(message).toContain(name);
    }
  });

  test("moves to new secret ids: both languages read with the new ones, and the old ones are refused", async () => {
    const old = path.join(inline.directory, "old.login");
    await promisify(execFile)("cp", ["-p", envOf("worker")["VAULT_SECRET_ID_FILE"] ?? "", old]);
    await up({ live: [1], active: 1 }, 2);
    expect(await findings(envOf("worker"), "worker")).toEqual([]);
    const refused = await findings({ ...envOf("worker"), VAULT_SECRET_ID_FILE: old }, "worker");
    expect(refused).toEqual([expect.stringContaining("Vault refused the login")]);
  });
});

describe("a service", () => {
  test("goes through publish, promote and retire without a refused request", { timeout: 120_000 }, async () => {
    const backing = await acceptor();
    const port = { current: 0 };
    const load = requests(port);
    const first = await start(backing.url, port);
    load.begin();
    try {
      await up({ live: [1, 2], active: 1 }, 2);
      await backing.accept();
      expect(backing.accepted()).toBe(2);

      await up({ live: [1, 2], active: 2 }, 2);
      const second = await start(backing.url, port);
      expect(second.report).toContain('"active":2');
      // The request that is under way may still be the first one's.
      await load.more(1);
      first.child.kill("SIGTERM");
      await once(first.child, "close");

      await up({ live: [2], active: 2 }, 2);
      await backing.accept();
      expect(backing.accepted()).toBe(1);
      await load.more(50);
      second.child.kill("SIGTERM");
    } finally {
      await load.end();
      backing.server.close();
    }
    expect(load.statuses()).toEqual([200]);
    const metadata = await server.ask("GET", "secret/metadata/goimg/test/DB_PASSWORD");
    expect(member(metadata, "data", "versions", "1", "destroyed")).toBe(true);
    expect(first.report).toContain('"active":1');
  });
});

/** A server that accepts what its own login reads from Vault: every live generation. */
async function acceptor(): Promise<{
  server: Server;
  url: string;
  accept: () => Promise<void>;
  accepted: () => number;
}> {
  let live = new Set<string>();
  const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
  const http = createServer(({ headers }, response) => {
    const presented = digest((headers.authorization ?? "").replace("Bearer ", ""));
    response.writeHead(live.has(presented) ? 200 : 401).end();
  });
  http.listen(await freePort(), "127.0.0.1");
  await once(http, "listening");
  const address = http.address() as { port: number };
  const accept = async (): Promise<void> => {
    const { values } = await inspectSecrets({ env: envOf("db-roles"), service: "db-roles" });
    live = new Set([...(values.get("DB_PASSWORD")?.values() ?? [])].map(digest));
  };
  await accept();
  return { server: http, url: `http://127.0.0.1:${address.port}`, accept, accepted: () => live.size };
}

/** Starts the service, waits for its report, and only then sends requests to it. */
async function start(backing: string, port: { current: number }): Promise<{ child: ChildProcess; report: string }> {
  const own = await freePort();
  const env = { ...envOf("worker"), PORT: String(own), BACKING: backing, GOIMG_ENV: "production" };
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "service.ts")], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [report] = (await once(child.stdout, "data")) as [Buffer];
  port.current = own;
  return { child, report: report.toString("utf8") };
}

/** One request after the other to whichever service is current, with what each was answered. */
function requests(port: { readonly current: number }) {
  const statuses = new Map<number, number>();
  let running: Promise<void> = Promise.resolve();
  let stop = false;
  const total = (): number => [...statuses.values()].reduce((sum, count) => sum + count, 0);
  return {
    begin() {
      running = (async () => {
        while (!stop) {
          const status = await fetch(`http://127.0.0.1:${port.current}`).then(
            (response) => response.status,
            () => 0,
          );
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      })();
    },
    async more(count: number) {
      const goal = total() + count;
      while (total() < goal && !stop) await new Promise((done) => setTimeout(done, 5));
    },
    async end() {
      stop = true;
      await running;
    },
    statuses: () => [...statuses.keys()],
  };
}
