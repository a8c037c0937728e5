import { describe, expect, it } from "vitest";
import { httpServer } from "../../../images/app/src/httpServer.ts";
import { Readiness, type Backend } from "../../../images/app/src/readiness.ts";

const report = { service: "api", secrets: [{ name: "DB_PASSWORD", active: 2, live: [2, 3] }] };

/** A program with a database and an optional cache that the test switches, and a clock that it moves. */
function program(): { readiness: Readiness; up: Record<"database" | "cache", boolean>; clock: { now: number } } {
  const up = { database: true, cache: true };
  const clock = { now: 0 };
  const backend = (name: keyof typeof up, optional: boolean): Backend => ({
    name,
    optional,
    ping: () => (up[name] ? Promise.resolve() : Promise.reject(new Error("down"))),
  });
  const backends = [backend("database", false), backend("cache", true)];
  return { readiness: new Readiness(report, backends, () => clock.now), up, clock };
}

describe("readiness", () => {
  it("starts only when every backend has accepted its credentials, the cache's too", async () => {
    const { readiness, up } = program();
    up.cache = false;
    await readiness.probe();
    expect([readiness.started, readiness.ready]).toEqual([false, false]);
    up.cache = true;
    await readiness.probe();
    expect([readiness.started, readiness.ready]).toEqual([true, true]);
  });

  it("stays ready through a short failure and not through a long one", async () => {
    const { readiness, up, clock } = program();
    await readiness.probe();
    up.database = false;
    await readiness.probe();
    expect(readiness.ready).toBe(true);
    clock.now = 4999;
    await readiness.probe();
    expect(readiness.ready).toBe(true);
    clock.now = 5000;
    expect(readiness.ready).toBe(false);
    up.database = true;
    await readiness.probe();
    expect(readiness.ready).toBe(true);
  });

  it("stays ready without its cache", async () => {
    const { readiness, up, clock } = program();
    await readiness.probe();
    up.cache = false;
    await readiness.probe();
    clock.now = 1e9;
    expect(readiness.ready).toBe(true);
    expect(readiness.report().backends).toEqual({ database: "up", cache: "down" });
  });

  it("is over at once when draining, and alive", async () => {
    const { readiness } = program();
    await readiness.probe();
    readiness.drain();
    expect([readiness.ready, readiness.started]).toEqual([false, true]);
  });
});

describe("the HTTP server", () => {
  it("reports generations and backends, and 503 until it is ready", async () => {
    const { readiness } = program();
    const server = httpServer(readiness);
    expect((await server.inject("/healthz")).statusCode).toBe(503);
    const early = await server.inject("/readyz");
    expect([early.statusCode, early.json()]).toEqual([
      503,
      {
        event: "secrets.report",
        ready: false,
        draining: false,
        ...report,
        backends: { database: "unknown", cache: "unknown" },
      },
    ]);
    await readiness.probe();
    expect((await server.inject("/healthz")).statusCode).toBe(200);
    const later = await server.inject("/readyz");
    expect(later.statusCode).toBe(200);
    expect(later.headers["cache-control"]).toBe("no-store");
    await server.close();
  });

  it("asks clients to leave while it drains, and stays alive", async () => {
    const { readiness } = program();
    const server = httpServer(readiness);
    await readiness.probe();
    expect((await server.inject("/healthz")).headers.connection).not.toBe("close");
    readiness.drain();
    const answer = await server.inject("/healthz");
    expect([answer.statusCode, answer.headers.connection]).toEqual([200, "close"]);
    expect((await server.inject("/readyz")).statusCode).toBe(503);
    await server.close();
  });

  it("tells a client nothing of what went wrong inside", async () => {
    const server = httpServer(program().readiness);
    server.get("/broken", () => {
      throw new Error("password=sentinel-value");
    });
    const answer = await server.inject("/broken");
    expect([answer.statusCode, answer.body]).toEqual([500, '{"error":"internal error"}']);
    await server.close();
  });
});
