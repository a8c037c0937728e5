/** What the programs' HTTP servers share: liveness, readiness, errors without details, and an end that drops nothing. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import Fastify, { type FastifyInstance } from "fastify";
import { failure, info } from "./log.ts";
import type { Readiness } from "./readiness.ts";

/** Largest body that is accepted, in bytes: an image of 10 MiB, in base64. */
const BODY_LIMIT = 14 * 1024 * 1024;

/** An error that a client may see. */
export class ClientError extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.name = "ClientError";
    this.statusCode = statusCode;
  }
}

/** A server with `/healthz`, `/readyz` and the error handler. */
export function httpServer(readiness: Readiness): FastifyInstance {
  const server = Fastify({ logger: false, bodyLimit: BODY_LIMIT, forceCloseConnections: "idle", trustProxy: false });
  server.setErrorHandler((error, request, reply) => {
    const status = statusOf(error);
    if (status < 500) return reply.code(status).send({ error: error instanceof Error ? error.message : "bad request" });
    failure("request.failed", error, { method: request.method, route: request.routeOptions.url ?? "" });
    return reply.code(status).send({ error: "internal error" });
  });
  server.addHook("onSend", async (_request, reply) => {
    // The next request of this connection belongs to another task.
    if (readiness.draining) reply.header("connection", "close");
  });
  // Alive, and of use: an update that waits for health waits for the backends too, once.
  server.get("/healthz", (_request, reply) =>
    reply.code(readiness.started ? 200 : 503).send({ ok: readiness.started }),
  );
  server.get("/readyz", (_request, reply) => {
    const report = readiness.report();
    return reply
      .code(report.ready ? 200 : 503)
      .header("cache-control", "no-store")
      .send(report);
  });
  return server;
}

function statusOf(error: unknown): number {
  if (error instanceof Error && "statusCode" in error && typeof error.statusCode === "number") return error.statusCode;
  return 500;
}

/** Something to end once the last request has been answered. */
export interface Closable {
  end(): Promise<void>;
}

/**
 * Resolves after SIGTERM or SIGINT, once the task has left without dropping a request: not ready at once, serving on
 * while the gateway notices, then no new connections, the last answers, the backends' ends.
 */
export async function untilDrained(
  server: FastifyInstance,
  readiness: Readiness,
  drainSeconds: number,
  closables: readonly Closable[],
): Promise<void> {
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  readiness.drain();
  info("server.draining", { seconds: drainSeconds });
  await sleep(drainSeconds * 1000);
  await server.close();
  await Promise.all(closables.map((closable) => closable.end()));
  info("server.ended");
}
