import { randomBytes, randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { httpServer } from "../../../images/app/src/httpServer.ts";
import type { Library } from "../../../images/app/src/library.ts";
import { Readiness } from "../../../images/app/src/readiness.ts";
import { routes, type Api } from "../../../images/app/src/routes.ts";
import { Tokens } from "../../../images/app/src/tokens.ts";
import { keyPair, secretsOf } from "./secrets.ts";

const { privatePem, publicPem } = keyPair();
const secrets = secretsOf({
  JWT_KEY: { active: 1, entries: { JWT_PRIVATE_KEY: { 1: privatePem }, JWT_PUBLIC_KEY: { 1: publicPem } } },
});

/** Everything behind the routes, in memory. */
function backends(): Api & { rows: { image: number }; cached: Map<string, string> } {
  const users = new Map<string, { id: string; passwordHash: string }>();
  const images = new Map<string, NonNullable<Awaited<ReturnType<Library["image"]>>>>();
  const objects = new Map<string, Buffer>();
  const cached = new Map<string, string>();
  const rows = { image: 0 };
  const library: Api["library"] = {
    addUser(email, passwordHash) {
      if (users.has(email)) return Promise.resolve(null);
      const id = randomUUID();
      users.set(email, { id, passwordHash });
      return Promise.resolve(id);
    },
    userByEmail: (email) => Promise.resolve(users.get(email) ?? null),
    emailOf: (id) => Promise.resolve([...users].find(([, user]) => user.id === id)?.[0] ?? null),
    addImage(image) {
      images.set(image.id, { ...image, bytes: null, sha256: null });
      return Promise.resolve();
    },
    image(id) {
      rows.image += 1;
      return Promise.resolve(images.get(id) ?? null);
    },
  };
  return {
    library,
    storage: {
      put: (key, body) => Promise.resolve(void objects.set(key, body)),
      get: (key) => Promise.resolve(objects.get(key) ?? null),
    },
    cache: {
      get: (key) => Promise.resolve(cached.get(key) ?? null),
      set: (key, value) => Promise.resolve(void cached.set(key, value)),
      ping: () => Promise.resolve(),
      end: () => Promise.resolve(),
    },
    tokens: new Tokens(secrets, 900),
    auth: { tokenSeconds: 900, jwksMaxAge: 60, scryptLog2N: 10 },
    rows,
    cached,
  };
}

let api: ReturnType<typeof backends>;
let server: FastifyInstance;
const someone = { email: "Someone@example.org", password: randomBytes(12).toString("hex") };

beforeEach(() => {
  api = backends();
  server = httpServer(new Readiness(secrets.report(), []));
  routes(server, api);
});
afterEach(() => server.close());

async function authorization(email = someone.email): Promise<{ authorization: string }> {
  await server.inject({ method: "POST", url: "/users", payload: { ...someone, email } });
  const answer = await server.inject({ method: "POST", url: "/login", payload: { ...someone, email } });
  return { authorization: `Bearer ${answer.json<{ token: string }>().token}` };
}

async function uploaded(headers: object, payload: Buffer | object = Buffer.from("pixels")): Promise<string> {
  const type = Buffer.isBuffer(payload) ? "image/png" : "application/json";
  const answer = await server.inject({
    method: "POST",
    url: "/images",
    headers: { ...headers, "content-type": type },
    payload,
  });
  expect(answer.statusCode).toBe(201);
  return answer.json<{ id: string }>().id;
}

describe("users", () => {
  it("registers once, logs in whatever the case of the address, and says who it is", async () => {
    const headers = await authorization();
    const me = await server.inject({ url: "/me", headers });
    expect(me.json<{ email: string }>().email).toBe("someone@example.org");
    const again = await server.inject({ method: "POST", url: "/users", payload: someone });
    expect(again.statusCode).toBe(409);
  });

  it("answers alike for a wrong password and an unknown address", async () => {
    await authorization();
    const login = (payload: object) => server.inject({ method: "POST", url: "/login", payload });
    const wrong = await login({ ...someone, password: "not that one" });
    const unknown = await login({ ...someone, email: "nobody@example.org" });
    expect([wrong.statusCode, wrong.body]).toEqual([unknown.statusCode, unknown.body]);
    expect(wrong.statusCode).toBe(401);
  });

  it("names the bad fields and quotes none of them", async () => {
    const answer = await server.inject({
      method: "POST",
      url: "/users",
      payload: { email: "sentinel-email", password: "short", sentinel: 1 },
    });
    expect([answer.statusCode, answer.json()]).toEqual([400, { error: "not valid: body, email, password" }]);
  });

  it.each([{}, { authorization: "Bearer" }, { authorization: "Basic eA==" }, { authorization: "Bearer a.b.c" }])(
    "refuses %j",
    async (headers) => {
      for (const url of ["/me", `/images/${randomUUID()}`, `/images/${randomUUID()}/content`]) {
        expect((await server.inject({ url, headers })).statusCode).toBe(401);
      }
    },
  );

  it("publishes its keys with the time that they may be kept", async () => {
    const answer = await server.inject("/.well-known/jwks.json");
    expect(answer.headers["cache-control"]).toBe("public, max-age=60");
    expect(answer.json<{ keys: { kid: string }[] }>().keys.map(({ kid }) => kid)).toEqual(["g1"]);
  });
});

describe("images", () => {
  it("gives back the bytes and their type, sent raw or as JSON", async () => {
    const headers = await authorization();
    const data = randomBytes(32);
    for (const payload of [data, { contentType: "image/png", data: data.toString("base64") }]) {
      const id = await uploaded(headers, payload);
      const content = await server.inject({ url: `/images/${id}/content`, headers });
      expect([content.headers["content-type"], content.rawPayload.equals(data)]).toEqual(["image/png", true]);
    }
  });

  it("asks the database once and then the cache", async () => {
    const headers = await authorization();
    const id = await uploaded(headers);
    for (let i = 0; i < 3; i++) {
      const answer = await server.inject({ url: `/images/${id}`, headers });
      expect(answer.json()).toEqual({ id, contentType: "image/png", bytes: null, sha256: null });
    }
    expect(api.rows.image).toBe(1);
  });

  it("does not show an image to another user, be it cached", async () => {
    const owner = await authorization();
    const id = await uploaded(owner);
    await server.inject({ url: `/images/${id}`, headers: owner });
    expect(api.cached.size).toBe(1);
    const other = await authorization("other@example.org");
    expect((await server.inject({ url: `/images/${id}`, headers: other })).statusCode).toBe(404);
    expect((await server.inject({ url: `/images/${id}/content`, headers: other })).statusCode).toBe(404);
  });

  it("refuses ids that are none, empty bodies and other types", async () => {
    const headers = await authorization();
    expect((await server.inject({ url: "/images/1", headers })).statusCode).toBe(400);
    const post = (type: string, payload: string) =>
      server.inject({ method: "POST", url: "/images", headers: { ...headers, "content-type": type }, payload });
    expect((await post("image/png", "")).statusCode).toBe(400);
    expect((await post("text/html", "<p>")).statusCode).toBe(415);
    expect((await post("application/json", '{"contentType":"text/html","data":"AAAA"}')).statusCode).toBe(400);
  });
});
