/**
 * The exporter: metrics of the stack's secrets, from facts that the operator's command hands in after each change. It holds no
 * secret and reaches nothing. `metrics` serves; `metrics accept` takes facts from standard input, and is run in its container.
 */
import { once } from "node:events";
import { readFile, rename, writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import Fastify from "fastify";
import { factsSchema, metricsPort, type Facts } from "../../../components/observability/facts.ts";
import { metricsText } from "../../../components/observability/metrics.ts";
import { failure, info } from "./log.ts";

const file = `${process.env["METRICS_DIRECTORY"] ?? "/var/lib/goimg-metrics"}/facts.json`;
const contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

if (process.argv[2] === "accept") await accept();
else await serve();

/** Nothing half written is ever served, and nothing that is not facts. */
async function accept(): Promise<void> {
  const facts = factsSchema.safeParse(JSON.parse(await text(process.stdin)));
  if (!facts.success) {
    failure("metrics.refused", facts.error, {});
    process.exitCode = 1;
    return;
  }
  await writeFile(`${file}.partial`, JSON.stringify(facts.data), { mode: 0o600 });
  await rename(`${file}.partial`, file);
}

async function serve(): Promise<void> {
  const server = Fastify({ logger: false, bodyLimit: 1024, forceCloseConnections: true });
  server.get("/healthz", () => ({ ok: true }));
  server.get("/metrics", async (_request, reply) =>
    reply.type(contentType).send(await metricsText(await facts(), new Date())),
  );
  await server.listen({ host: "0.0.0.0", port: Number(process.env["PORT"] ?? metricsPort) });
  info("metrics.listening", {});
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  await server.close();
  process.exit(0);
}

async function facts(): Promise<Facts | undefined> {
  const content = await readFile(file, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  return content === undefined ? undefined : factsSchema.parse(JSON.parse(content));
}
