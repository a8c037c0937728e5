/** The worker: looks at each uploaded object and writes down its hash and size. */
import { EventEmitter } from "node:events";
import { backendConfig, serverConfig } from "./config.ts";
import { connectionOptions, Database } from "./database.ts";
import { httpServer, untilDrained } from "./httpServer.ts";
import { listen, work } from "./jobs.ts";
import { Readiness } from "./readiness.ts";
import { Storage } from "./storage.ts";
import { start } from "./start.ts";

const secrets = await start("worker", ["DB_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"]);
const config = backendConfig(process.env);
const { port } = serverConfig(process.env, 8081);

const database = new Database(config.database, secrets, 2);
const storage = new Storage(config.storage, secrets);
const readiness = new Readiness(secrets.report(), [
  { name: "postgres", optional: false, ping: () => database.ping() },
  { name: "s3", optional: false, ping: () => storage.ping() },
]);

const server = httpServer(readiness);
const stopping = new AbortController();
const events = new EventEmitter();
let working = Promise.resolve();
const queue = {
  // The job at hand is finished before the backends end.
  async end(): Promise<void> {
    stopping.abort();
    await working;
    await Promise.all([database.end(), storage.end()]);
  },
};
// Nobody sends it requests, so there is nothing to drain but the job.
const stopped = untilDrained(server, readiness, 0, [queue]);
await server.listen({ host: "0.0.0.0", port });
void readiness.watch(stopping.signal).then(() => {
  process.stdout.write(`${secrets.reportLine()}\n`);
  const listening = listen(connectionOptions(config.database, secrets), events, stopping.signal);
  working = Promise.all([listening, work(database, storage, events, stopping.signal)]).then(() => undefined);
});
await stopped;
process.exit(0);
