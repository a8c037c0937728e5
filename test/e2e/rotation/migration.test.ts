/** From HS256 to RS256 with no user logged out on the way, and no HS256 token left at its end: docs/security/hs256-to-rs256.md. */
import { createHmac, createPublicKey, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeProtectedHeader, SignJWT, type JWK } from "jose";
import { beforeAll, expect, it } from "vitest";
import { readSupplied } from "../../../cli/external/store.ts";
import { readDeclared } from "../../../cli/rotation/declared.ts";
import { Client } from "../client.ts";
import { eventually, sharedStack } from "../swarm.ts";
import { goimg, servicesTouched } from "./command.ts";
import { containers, mounted } from "./holders.ts";

const stack = sharedStack();
/** What the legacy service signs with: `openssl rand -base64 32`. */
const legacyKey = randomBytes(32).toString("base64");
let client: Client;

/** A token as the legacy service issues it: HS256, and no `kid`. */
const legacyToken = (key: Uint8Array | string = legacyKey, header: { readonly kid?: string } = {}): Promise<string> =>
  new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "JWT", ...header })
    .setIssuer("goimg")
    .setSubject(client.id)
    .setIssuedAt()
    .setExpirationTime("1 hour")
    .sign(typeof key === "string" ? Buffer.from(key) : key);

/** What the API's tasks answer to a token: asked often enough that each of them is. */
async function answers(token: string, times = 8): Promise<readonly number[]> {
  const statuses = await Promise.all(
    Array.from({ length: times }, async () => {
      const answer = await fetch(`${stack.url}/me`, { headers: { authorization: `Bearer ${token}` } });
      await answer.arrayBuffer();
      return answer.status;
    }),
  );
  return [...new Set(statuses)];
}

/** As {@link answers}, once the tasks of before have served their last request: they take a few seconds to leave. */
const lastAnswers = (token: string, status: number, times?: number): Promise<readonly number[]> =>
  eventually(
    () => answers(token, times),
    (statuses) => statuses.join() === String(status),
    15,
  );

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Tokens that a server which confuses algorithms would accept. */
async function forged(): Promise<ReadonlyMap<string, string>> {
  const { keys } = (await (await fetch(`${stack.url}/.well-known/jwks.json`)).json()) as { readonly keys: JWK[] };
  const [jwk = {}] = keys;
  const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" }).toString();
  const payload = { iss: "goimg", sub: client.id, exp: Math.floor(Date.now() / 1000) + 3600 };
  const kid = jwk.kid ?? "";
  const mac = (header: object, key: string): string => {
    const content = `${part(header)}.${part(payload)}`;
    return `${content}.${createHmac("sha256", key).update(content).digest("base64url")}`;
  };
  return new Map([
    ["HS256 by the public key, as PEM", mac({ alg: "HS256", kid }, pem)],
    ["HS256 by the public key, without kid", mac({ alg: "HS256" }, pem)],
    ["HS256 by the public key, without the PEM's last newline", mac({ alg: "HS256" }, pem.trim())],
    ["HS256 by the public key's modulus", mac({ alg: "HS256" }, jwk.n ?? "")],
    ["HS256 by an empty key", mac({ alg: "HS256" }, "")],
    ["HS256 by another key", mac({ alg: "HS256" }, randomBytes(32).toString("base64"))],
    ["HS256 by the right key, under a kid that no key has", mac({ alg: "HS256", kid: "g99" }, legacyKey)],
    ["RS256 that is signed by the legacy key", mac({ alg: "RS256", kid }, legacyKey)],
    ["RS256 without kid, signed by the legacy key", mac({ alg: "RS256" }, legacyKey)],
    ["HS512 by the legacy key", mac({ alg: "HS512" }, legacyKey)],
    ["no algorithm", `${part({ alg: "none" })}.${part(payload)}.`],
    ["no algorithm, in capitals", `${part({ alg: "None", kid })}.${part(payload)}.`],
  ]);
}

beforeAll(async () => {
  client = await Client.register(stack.url);
});

it("before the legacy key is supplied, its tokens are refused", async () => {
  expect(await answers(await legacyToken())).toEqual([401]);
});

it("with the legacy key supplied, HS256 tokens are accepted by every task, and new tokens are RS256", async () => {
  await stack.supply("JWT_SECRET", legacyKey);
  const { exitCode, stdout, stderr } = await stack.up();
  expect(exitCode, stdout + stderr).toBe(0);
  expect(await lastAnswers(await legacyToken(), 200)).toEqual([200]);
  expect(await answers(client.token)).toEqual([200]);
  const fresh = await Client.register(stack.url);
  expect(decodeProtectedHeader(fresh.token).alg).toBe("RS256");
  expect(await answers(fresh.token)).toEqual([200]);
  const jwks = await (await fetch(`${stack.url}/.well-known/jwks.json`)).text();
  expect((JSON.parse(jwks) as { keys: JWK[] }).keys.map(({ alg, kty }) => `${alg} ${kty}`)).toEqual(["RS256 RSA"]);
  expect(jwks).not.toContain(legacyKey);
});

it("no token is accepted under an algorithm that its key is not for", async () => {
  for (const [name, token] of await forged())
    expect({ name, answers: await answers(token, 4) }).toEqual({ name, answers: [401] });
});

it("a dry run of the retirement says what ends, and changes nothing", async () => {
  const before = await readFile(stack.configFile, "utf8");
  const result = await goimg(stack, ["retire", "JWT_SECRET", "--dry-run"]);
  expect(result.exitCode, result.stderr).toBe(0);
  expect(result.stdout).toMatch(
    /would be retired\n +tasks replaced: api \(2\)\n +ended: accepting legacy HS256 tokens/,
  );
  expect(await readFile(stack.configFile, "utf8")).toBe(before);
});

it("refuses to retire what the stack can't do without", async () => {
  const before = await readFile(stack.configFile, "utf8");
  const result = await goimg(stack, ["retire", "DB_PASSWORD"]);
  expect(result.exitCode).toBe(2);
  expect(result.stderr).toMatch(/dev requires it.*; a server of this stack asks for it/);
  expect(await readFile(stack.configFile, "utf8")).toBe(before);
});

it("retired, HS256 tokens are refused by every task, and no RS256 token was refused meanwhile", async () => {
  const over = new AbortController();
  const statuses = new Set<number>();
  const users = (async () => {
    while (!over.signal.aborted) {
      for (const status of await answers(client.token, 2)) statuses.add(status);
      await sleep(50);
    }
  })();
  const result = await goimg(stack, ["retire", "JWT_SECRET", "--reason", "every issuer signs RS256"]);
  over.abort();
  await users;
  expect(result.exitCode, result.stderr).toBe(0);
  expect(await lastAnswers(await legacyToken(), 401, 12)).toEqual([401]);
  expect(await answers(client.token)).toEqual([200]);
  expect([...statuses]).toEqual([200]);
  for (const container of await containers(stack, "api")) expect(mounted(container, "JWT_SECRET")).toBeUndefined();
  const stored = (await stack.docker.listSecrets()) as readonly { readonly Spec: { readonly Name: string } }[];
  expect(stored.map(({ Spec }) => Spec.Name).filter((name) => name.startsWith("JWT_SECRET"))).toEqual([]);
  expect((await readDeclared(stack.configFile)).JWT_SECRET).toEqual({ live: [], active: 0 });
  expect((await readSupplied(stack.configFile)).get("JWT_SECRET")).toEqual([]);
  expect(servicesTouched(result).filter((name) => name !== "api")).toEqual([]);
});

it("is written in the audit log, and can be asked for again", async () => {
  const again = await goimg(stack, ["retire", "JWT_SECRET"]);
  expect(again.exitCode, again.stderr).toBe(0);
  const { stdout, exitCode } = await goimg(stack, ["audit", "--secret", "JWT_SECRET"]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/JWT_SECRET {2}switch-off done .*\(every issuer signs RS256\)/);
});
