/** The dev stack as a user and as an operator see it: it works, and each service holds its grants and nothing more. */
import { createHash, createPublicKey, randomBytes } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { createRemoteJWKSet, decodeProtectedHeader, exportJWK, jwtVerify, type JWK } from "jose";
import { describe, expect, it } from "vitest";
import { entriesFor } from "../../components/catalog/grants.ts";
import type { ServiceName } from "../../components/catalog/types.ts";
import { imageTag } from "../../toolchain/images.ts";
import { Client } from "./client.ts";
import { containersOf, eventually, health, services, sharedStack } from "./swarm.ts";

const stack = sharedStack();

/** The user that each service runs as (images/README.md). */
const uids: Readonly<Partial<Record<ServiceName, number>>> = {
  gateway: 10005,
  api: 10001,
  worker: 10001,
  "db-migrate": 10001,
  postgres: 10002,
  "db-roles": 10002,
  redis: 10003,
  "cache-acl": 10003,
  s3: 10004,
  backup: 10002,
  metrics: 10006,
  grafana: 10007,
};
const names = Object.keys(uids) as readonly ServiceName[];

/** Secrets that the dev stack of the tests lacks: those that must be declared, and third parties' but for SMTP_PASSWORD. */
const absent = /^(JWT_SECRET|OAUTH_|IPFS_|CLAMAV_|TLS_)/;
const granted = (service: ServiceName): readonly string[] =>
  entriesFor(service)
    .map(({ name }) => name)
    .filter((name) => !absent.test(name))
    .sort();

describe("the dev stack", () => {
  it("has every service healthy, the API twice", async () => {
    const twice = new Set<ServiceName>(["api", "s3"]);
    expect(await health(stack)).toEqual(names.map((name) => (twice.has(name) ? `${name} 2/2` : `${name} 1/1`)).sort());
  });

  it("serves a user: register, log in, upload, read back", async () => {
    const client = await Client.register(stack.url);
    expect(await client.me()).toEqual({ id: client.id, email: client.email });
    const data = randomBytes(40_000);
    const id = await client.upload(data, "image/png");
    const sha256 = createHash("sha256").update(data).digest("hex");
    const processed = await eventually(
      () => client.image(id),
      (image) => image.sha256 !== null,
    );
    expect(processed).toEqual({ id, contentType: "image/png", bytes: data.length, sha256 });
    expect(await client.image(id)).toEqual(processed);
    expect((await client.content(id)).equals(data)).toBe(true);
  });

  it("refuses a request without a token, and a token of another key", async () => {
    expect((await fetch(`${stack.url}/me`)).status).toBe(401);
    const { token } = await Client.register(stack.url);
    const [header = "", payload = "", signature = ""] = token.split(".");
    const forged = `${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`;
    expect((await fetch(`${stack.url}/me`, { headers: { authorization: `Bearer ${forged}` } })).status).toBe(401);
  });

  it("signs tokens with RS256 under a kid that its key set knows, with a key of 4096 bits", async () => {
    const { token, id } = await Client.register(stack.url);
    expect(decodeProtectedHeader(token)).toEqual({ alg: "RS256", kid: "g1", typ: "JWT" });
    const url = new URL(`${stack.url}/.well-known/jwks.json`);
    const { payload } = await jwtVerify(token, createRemoteJWKSet(url), { algorithms: ["RS256"], issuer: "goimg" });
    expect(payload.sub).toBe(id);
    const { keys } = (await (await fetch(url)).json()) as { readonly keys: readonly JWK[] };
    expect(keys.map(({ kid, alg, use, kty }) => ({ kid, alg, use, kty }))).toEqual([
      { kid: "g1", alg: "RS256", use: "sig", kty: "RSA" },
    ]);
    const [jwk = {}] = keys;
    expect(Object.keys(jwk).sort()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
    const key = createPublicKey({ key: await exportJWK(createPublicKey({ key: jwk, format: "jwk" })), format: "jwk" });
    expect(key.asymmetricKeyDetails?.modulusLength).toBe(4096);
  });

  it("reports at /readyz the generation of each secret, and nothing else of it", async () => {
    const report: unknown = await (await fetch(`${stack.url}/readyz`)).json();
    const on = (name: string): object => ({ name, active: 1, live: [1] });
    const off = (name: string): object => ({ name, active: null, live: [] });
    expect(report).toEqual({
      event: "secrets.report",
      ready: true,
      draining: false,
      service: "api",
      secrets: [
        ...["JWT_KEY", "DB_PASSWORD", "REDIS_PASSWORD", "S3_KEY"].map(on),
        ...["JWT_SECRET", "OAUTH_GOOGLE_CLIENT_SECRET", "OAUTH_GITHUB_CLIENT_SECRET"].map(off),
      ],
      backends: { postgres: "up", redis: "up", s3: "up" },
    });
  });

  it("is left as it is by a second update", async () => {
    const { exitCode, stdout } = await stack.up("--expect-no-changes");
    expect(stdout).toMatch(/Resources:\n\s+\d+ unchanged/);
    expect(exitCode).toBe(0);
  });

  it("has encrypted networks, closed to the outside but for the gateway's", async () => {
    const networks = (await stack.docker.listNetworks()).filter(({ Labels }) => Labels?.["goimg.stack"] === "dev");
    expect(networks.map(({ Name, Driver, Internal }) => [Name, Driver, Internal]).sort()).toEqual([
      ["goimg-dev-cache", "overlay", true],
      ["goimg-dev-database", "overlay", true],
      ["goimg-dev-edge", "overlay", false],
      ["goimg-dev-monitoring", "overlay", true],
      ["goimg-dev-storage", "overlay", true],
    ]);
    for (const { Options } of networks) expect(Options).toHaveProperty("encrypted");
  });
});

/** They do their work and end. */
const jobs: readonly ServiceName[] = ["db-migrate", "db-roles", "cache-acl"];
const servers = names.filter((name) => !jobs.includes(name));

describe.each(names)("the service %s", (name) => {
  const uid = uids[name] ?? -1;

  it("is granted what the catalog grants it, each file 0400 and its own", async () => {
    const service = (await services(stack.docker, "dev")).get(name);
    const secrets = service?.Spec.TaskTemplate.ContainerSpec.Secrets ?? [];
    const owner = String(uid);
    expect(secrets.map(({ File }) => File).sort((a, b) => (a.Name < b.Name ? -1 : 1))).toEqual(
      granted(name).map((entry) => ({ Name: entry, UID: owner, GID: owner, Mode: 0o400 })),
    );
    for (const { SecretName, File } of secrets) expect(SecretName).toMatch(new RegExp(`^${File.Name}-g1-[0-9a-f]+$`));
  });

  it("has nothing but paths of secrets in its environment", async () => {
    const service = (await services(stack.docker, "dev")).get(name);
    const containers = service === undefined ? [] : await containersOf(stack.docker, service);
    expect(containers.length).toBeGreaterThan(0);
    for (const { Config } of containers) {
      const env = Object.fromEntries(Config.Env.map((line) => line.split(/=(.*)/s, 2) as [string, string]));
      // Grafana's own names end with two lines.
      const paths = Object.keys(env).filter((key) => /[^_]_FILE$/.test(key) && key !== "SECRETS_MANIFEST_FILE");
      expect(paths.sort()).toEqual(granted(name).map((entry) => `${entry}_FILE`));
      for (const path of paths) expect(env[path]).toBe(`/run/secrets/${path.slice(0, -"_FILE".length)}`);
      for (const { name: entry } of names.flatMap(entriesFor)) expect(env).not.toHaveProperty(entry);
    }
  });
});

describe.each(servers)("the running service %s", (name) => {
  const uid = uids[name] ?? -1;

  it("finds exactly these files in its container, in memory alone", async () => {
    const service = (await services(stack.docker, "dev")).get(name);
    const containers = service === undefined ? [] : await containersOf(stack.docker, service);
    expect(containers.length).toBeGreaterThan(0);
    for (const { State } of containers) {
      const directory = `/proc/${State.Pid}/root/run/secrets`;
      const files = granted(name).length === 0 ? [] : readdirSync(directory).sort();
      expect(files).toEqual(granted(name));
      for (const file of files) {
        const { mode, uid: owner, gid } = statSync(`${directory}/${file}`);
        expect({ file, mode: mode & 0o7777, owner, gid }).toEqual({ file, mode: 0o400, owner: uid, gid: uid });
      }
    }
  });

  it("runs as its own user", async () => {
    const service = (await services(stack.docker, "dev")).get(name);
    const containers = service === undefined ? [] : await containersOf(stack.docker, service);
    expect(containers.map(({ State }) => statSync(`/proc/${State.Pid}`).uid)).toEqual(containers.map(() => uid));
  });
});

describe("a service that can't become healthy", () => {
  it("fails the update with an error that names it, and rolls back; mended, the stack is as it was", async () => {
    const before = (await services(stack.docker, "dev")).get("s3")?.Spec;
    const client = await Client.register(stack.url);
    const id = await client.upload(Buffer.from("kept through a failed update"), "image/png");
    // The image is there, but has no program of this service: the task exits at once.
    await stack.configure({ images: { s3: imageTag("app") } });
    try {
      const { exitCode, stdout, stderr } = await stack.up();
      expect(exitCode).not.toBe(0);
      expect(stdout + stderr).toMatch(/Error: .*\bs3: it was rolled back to what ran before/);
    } finally {
      await stack.configure({ images: undefined });
    }
    expect(await client.content(id)).toEqual(Buffer.from("kept through a failed update"));
    expect((await stack.up()).exitCode).toBe(0);
    expect((await services(stack.docker, "dev")).get("s3")?.Spec).toEqual(before);
    expect((await stack.up("--expect-no-changes")).exitCode).toBe(0);
    expect(await client.content(id)).toEqual(Buffer.from("kept through a failed update"));
  });
});
