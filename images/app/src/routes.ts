/** What the API serves, on top of users, tokens, images, objects and the cache. */
import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import * as z from "zod";
import type { Cache } from "./cache.ts";
import type { AuthConfig } from "./config.ts";
import { ClientError } from "./httpServer.ts";
import type { Image, Library } from "./library.ts";
import { hashPassword, verifyPassword } from "./passwords.ts";
import type { Storage } from "./storage.ts";
import type { Tokens } from "./tokens.ts";

export interface Api {
  readonly library: Pick<Library, keyof Library>;
  readonly storage: Pick<Storage, "put" | "get">;
  readonly cache: Cache;
  readonly tokens: Tokens;
  readonly auth: AuthConfig;
}

const credentials = z.strictObject({ email: z.email().max(254), password: z.string().min(8).max(200) });
const upload = z.strictObject({
  contentType: z.string().regex(/^image\/[a-z0-9.+-]{1,60}$/),
  data: z.base64().min(4),
});
const imageId = z.strictObject({ id: z.uuid() });

/** Seconds that an image's row stays in the cache; the short one until its worker has been there. */
const CACHED = { complete: 300, pending: 2 };

/** Checks a body or a parameter. Its errors name fields and never quote them. */
function valid<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const fields = [...new Set(result.error.issues.map((issue) => issue.path.join(".") || "body"))].sort();
  throw new ClientError(400, `not valid: ${fields.join(", ")}`);
}

async function userOf(api: Api, request: FastifyRequest): Promise<string> {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  const user = scheme === "Bearer" && token !== undefined ? await api.tokens.verify(token) : null;
  if (user === null) throw new ClientError(401, "a valid access token is needed");
  return user;
}

/** The image, from the cache or the database; 404 when there is none or it is someone else's. */
async function imageOf(api: Api, request: FastifyRequest): Promise<Image> {
  const user = await userOf(api, request);
  const { id } = valid(imageId, request.params);
  const cached = await api.cache.get(`image:${id}`);
  const image = cached === null ? await api.library.image(id) : (JSON.parse(cached) as Image);
  if (image?.ownerId !== user) throw new ClientError(404, "no such image");
  if (cached === null) {
    const seconds = image.sha256 === null ? CACHED.pending : CACHED.complete;
    await api.cache.set(`image:${id}`, JSON.stringify(image), seconds);
  }
  return image;
}

const shown = ({ id, contentType, bytes, sha256 }: Image): object => ({ id, contentType, bytes, sha256 });

export function routes(server: FastifyInstance, api: Api): void {
  for (const type of [/^image\//, "application/octet-stream"]) {
    server.addContentTypeParser(type, { parseAs: "buffer" }, (_request, body, done) => {
      done(null, body);
    });
  }
  userRoutes(server, api);
  imageRoutes(server, api);
}

function userRoutes(server: FastifyInstance, { library, tokens, auth }: Api): void {
  const api = { library, tokens };
  // Compared with when there is no such user, so that the time of an answer does not tell.
  const nobody = hashPassword(randomUUID(), auth.scryptLog2N);

  server.post("/users", async (request, reply) => {
    const { email, password } = valid(credentials, request.body);
    const id = await api.library.addUser(email.toLowerCase(), await hashPassword(password, auth.scryptLog2N));
    if (id === null) throw new ClientError(409, "there is a user of this address");
    return reply.code(201).send({ id });
  });

  server.post("/login", async (request, reply) => {
    const { email, password } = valid(credentials, request.body);
    const user = await api.library.userByEmail(email.toLowerCase());
    const matches = await verifyPassword(password, user?.passwordHash ?? (await nobody));
    if (user === null || !matches) throw new ClientError(401, "wrong address or password");
    const token = await api.tokens.issue(user.id);
    return reply.header("cache-control", "no-store").send({ token, expiresIn: auth.tokenSeconds });
  });

  server.get("/.well-known/jwks.json", async (_request, reply) =>
    reply.header("cache-control", `public, max-age=${auth.jwksMaxAge}`).send(await api.tokens.keySet()),
  );
}

function imageRoutes(server: FastifyInstance, api: Api): void {
  server.get("/me", async (request) => {
    const id = await userOf(api, request);
    const email = await api.library.emailOf(id);
    if (email === null) throw new ClientError(404, "no such user");
    return { id, email };
  });

  server.post("/images", async (request, reply) => {
    const ownerId = await userOf(api, request);
    const { body, contentType } = uploaded(request);
    const id = randomUUID();
    const objectKey = `images/${id}`;
    // The object first: a row without one would be a promise that can't be kept, an object without a row is only waste.
    await api.storage.put(objectKey, body, contentType);
    await api.library.addImage({ id, ownerId, objectKey, contentType });
    return reply.code(201).header("location", `/images/${id}`).send({ id });
  });

  server.get("/images/:id", async (request) => shown(await imageOf(api, request)));

  server.get("/images/:id/content", async (request, reply) => {
    const { objectKey, contentType } = await imageOf(api, request);
    const body = await api.storage.get(objectKey);
    if (body === null) throw new ClientError(404, "no such object");
    return reply.header("content-type", contentType).send(body);
  });
}

/** The bytes themselves, or JSON with base64. */
function uploaded(request: FastifyRequest): { body: Buffer; contentType: string } {
  if (Buffer.isBuffer(request.body)) {
    if (request.body.length === 0) throw new ClientError(400, "not valid: body");
    const type = request.headers["content-type"] ?? "";
    return { body: request.body, contentType: type.startsWith("image/") ? type : "application/octet-stream" };
  }
  const { contentType, data } = valid(upload, request.body);
  return { body: Buffer.from(data, "base64"), contentType };
}
