/** The gate's readers, as far as they need no engine. */
import { createHash, createHmac, generateKeyPairSync, pbkdf2Sync, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import { redisLogins, scramMatches } from "../../../../cli/gate/readers/accepted.ts";
import { readBackends } from "../../../../cli/gate/readers/backends.ts";
import { readTokens } from "../../../../cli/gate/readers/tokens.ts";
import { StackValues } from "../../../../cli/gate/readers/values.ts";
import { parsePolicy } from "../../../../cli/gate/readers/vault.ts";
import { Tokens } from "../../../../images/app/src/tokens.ts";
import { secretsOf } from "../../images/secrets.ts";

const held = (entry: string, text: string, generation = 1) => ({ entry, generation, value: Buffer.from(text) });
const password = (): string => randomBytes(33).toString("base64").replaceAll(/[+/=]/g, "x").padEnd(43, "Q7");

describe("the values of a stack", () => {
  it("say what is wrong with each, and never what they are", () => {
    const weak = "changeme".repeat(6);
    const values = new StackValues([
      held("DB_PASSWORD", weak),
      held("REDIS_PASSWORD", password()),
      held("NOT_OURS", weak),
    ]);
    const [first, second, third] = values.formats();
    expect(first?.reasons.length).toBeGreaterThan(0);
    expect(second?.reasons).toEqual([]);
    expect(third?.reasons).toEqual(["is not in the catalog"]);
    expect(values.repeated()).toEqual(["DB_PASSWORD-g1 and NOT_OURS-g1"]);
    expect(JSON.stringify([values, values.formats(), values.names])).not.toContain(weak.slice(0, 12));
  });

  it("are found where they are, in any form, and a public key is not one of them", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const secret = password();
    const values = new StackValues([
      held("DB_PASSWORD", secret),
      held("JWT_PRIVATE_KEY", privateKey),
      held("JWT_PUBLIC_KEY", publicKey),
    ]);
    const places = [
      { name: "a label", pieces: [Buffer.from(`{"x":"${Buffer.from(`a${secret}`).toString("base64")}"}`)] },
      { name: "a key set", pieces: [Buffer.from(publicKey)] },
      { name: "a log", pieces: [Buffer.from(privateKey.slice(200, 900))] },
    ];
    const found = await values.search(places);
    expect(found.values).toEqual(["DB_PASSWORD-g1", "JWT_PRIVATE_KEY-g1"]);
    expect(found.provedByPlanted).toBe(true);
    expect(found.places).toBe(3);
    expect(new Set(found.hits.map((hit) => hit.split(" in ")[1]))).toEqual(new Set(["a label", "a log"]));
    expect((await values.search(places.slice(1, 2))).hits).toEqual([]);
  });

  it("are compared with another stack's", () => {
    const [same, other] = [password(), password()];
    const values = new StackValues([held("DB_PASSWORD", same), held("REDIS_PASSWORD", password())]);
    expect(values.sharedWith(new StackValues([held("DB_PASSWORD", same)]))).toEqual(["DB_PASSWORD-g1"]);
    expect(values.sharedWith(new StackValues([held("DB_PASSWORD", other)]))).toEqual([]);
  });
});

describe("what a server accepts", () => {
  it("PostgreSQL: a verifier is of one password alone", () => {
    const salt = randomBytes(16);
    const salted = pbkdf2Sync("right", salt, 4096, 32, "sha256");
    const client = createHmac("sha256", salted).update("Client Key").digest();
    const stored = createHash("sha256").update(client).digest("base64");
    const verifier = `SCRAM-SHA-256$4096:${salt.toString("base64")}$${stored}:c2VydmVy`;
    expect(scramMatches(verifier, "right")).toBe(true);
    expect(scramMatches(verifier, "wrong")).toBe(false);
    expect(scramMatches("md5d41d8cd98f00b204e9800998ecf8427e", "right")).toBe(false);
  });

  it("Redis: hashes by generation, what nobody knows, users of others, and no password at all", () => {
    const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
    const known = new Map([
      [hash("one"), 1],
      [hash("two"), 2],
    ] as const);
    const file = [
      "user default off resetpass -@all",
      `user goimg on #${hash("one")} #${hash("stray")} ~goimg:* +@read`,
      `user admin on #${hash("two")} +acl|setuser`,
    ];
    expect(redisLogins(file.join("\n"), "goimg", known)).toEqual([1, "a password of goimg"]);
    expect(redisLogins(file.join("\n"), "admin", known)).toEqual([2]);
    expect(redisLogins(`${file.join("\n")}\nuser eve on nopass ~* +@all`, "admin", known)).toEqual([2, "the user eve"]);
    expect(redisLogins("user default on nopass ~* +@all", "goimg", known)).toEqual(["the user default"]);
    expect(redisLogins("user goimg on nopass", "goimg", known)).toEqual(["goimg without a password"]);
  });
});

it("every built-in backend answers the value that its store was given", async () => {
  expect(await readBackends()).toEqual([
    { provider: "docker", answersTheValue: true, allowedInProduction: true },
    { provider: "env", answersTheValue: true, allowedInProduction: false },
  ]);
});

describe("the tokens of an API", () => {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const publicPem = pair.publicKey.export({ type: "spki", format: "pem" }) as string;
  const values = new StackValues([held("JWT_PRIVATE_KEY", pem)]);
  let server: Server | undefined;

  afterEach(() => {
    server?.close();
  });

  /** An API at the protocol: the key set, and /me as the API answers it for a user that does not exist. */
  async function serve(verify: (token: string) => Promise<boolean>): Promise<string> {
    const key = { ...(await exportJWK(pair.publicKey)), kid: "g1", alg: "RS256", use: "sig" };
    server = createServer((request, response) => {
      if (request.url === "/.well-known/jwks.json") {
        response.end(JSON.stringify({ keys: [key] }));
        return;
      }
      void verify((request.headers.authorization ?? "").slice(7)).then((good) => {
        response.writeHead(good ? 404 : 401).end();
      });
    });
    await new Promise<void>((done) => server?.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it("are tried on the application's own code: the right one is accepted, every forged one refused", async () => {
    const entries = { JWT_PRIVATE_KEY: { 1: pem }, JWT_PUBLIC_KEY: { 1: publicPem } };
    const secrets = secretsOf({ JWT_KEY: { active: 1, entries } });
    const tokens = new Tokens(secrets, 60);
    const url = await serve(async (token) => (await tokens.verify(token)) !== null);
    const { keys, tries, legacy } = await readTokens(url, values, []);
    expect(keys).toEqual([{ kid: "g1", alg: "RS256", kty: "RSA", bits: 2048 }]);
    expect(tries.map(({ shouldBe, status }) => [shouldBe, status])).toEqual([
      ["accepted", 404],
      ["refused", 401],
      ["refused", 401],
      ["refused", 401],
    ]);
    expect(legacy).toEqual([]);
  });

  it("that are all taken are said to be", async () => {
    const url = await serve(() => Promise.resolve(true));
    const stored = [{ entry: "JWT_SECRET", generation: 3, createdAt: new Date() }];
    const { tries, legacy } = await readTokens(url, values, stored);
    expect(tries.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(legacy).toEqual([3]);
  });

  it("can't be tried when the API is away", async () => {
    await expect(readTokens("http://127.0.0.1:9", values, [])).rejects.toThrow("the API does not answer");
  });
});

describe("a policy of Vault", () => {
  it("is read rule by rule, and what is no rule is not passed over", () => {
    const own = `path "secret/data/goimg/dev/DB_PASSWORD" { capabilities = ["read"] }`;
    const more = `# by hand\npath "secret/*" {\n  capabilities = ["read", "list"]\n}`;
    expect(parsePolicy(`${own}\n${more}\n`)).toEqual({
      rules: [
        { path: "secret/data/goimg/dev/DB_PASSWORD", capabilities: ["read"] },
        { path: "secret/*", capabilities: ["read", "list"] },
      ],
      rest: "",
    });
    const other = `path "secret/+/x" { policy = "write" }`;
    expect(parsePolicy(`${own}\n${other}`)).toMatchObject({ rules: [{ capabilities: ["read"] }], rest: other });
  });
});
