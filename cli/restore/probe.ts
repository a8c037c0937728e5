/** Uses the stack at an address as a user does: `node probe.ts URL`. Every credential of it is needed on the way. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";

const [, , url = ""] = process.argv;
const patience = 60_000;
const interval = 100;

async function answer(path: string, body?: object, token?: string): Promise<Response> {
  const response = await fetch(url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path.replace(/[0-9a-f-]{36}/, "…")} answered ${response.status}`);
  return response;
}

/** PostgreSQL (users), the signing key (tokens), storage (images), Redis (the queue) and the worker. */
async function probe(): Promise<void> {
  await answer("/readyz");
  const user = { email: `${randomUUID()}@example.com`, password: randomUUID() };
  await answer("/users", user);
  const { token } = z.object({ token: z.string() }).parse(await (await answer("/login", user)).json());
  await answer("/me", undefined, token);
  const data = randomBytes(10_000);
  const upload = await answer("/images", { contentType: "image/png", data: data.toString("base64") }, token);
  const { id } = z.object({ id: z.string() }).parse(await upload.json());
  const sha256 = createHash("sha256").update(data).digest("hex");
  const deadline = performance.now() + patience;
  for (;;) {
    const image = z
      .object({ sha256: z.string().nullable() })
      .parse(await (await answer(`/images/${id}`, undefined, token)).json());
    if (image.sha256 === sha256) break;
    if (performance.now() > deadline) throw new Error("the worker did not process an image");
    await sleep(interval);
  }
  const content = Buffer.from(await (await answer(`/images/${id}/content`, undefined, token)).arrayBuffer());
  if (!content.equals(data)) throw new Error("an image came back changed");
}

try {
  await probe();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
