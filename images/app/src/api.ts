/** The API: starts only with valid secrets, serves until SIGTERM, and leaves without dropping a request. */
import { openCache } from "./cache.ts";
import { authConfig, backendConfig, serverConfig } from "./config.ts";
import { Database } from "./database.ts";
import { httpServer, untilDrained } from "./httpServer.ts";
import { Library } from "./library.ts";
import { Readiness } from "./readiness.ts";
import { routes } from "./routes.ts";
import { Storage } from "./storage.ts";
import { Tokens } from "./tokens.ts";
import { start } from "./start.ts";

const secrets = await start("api", ["DB_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"]);
const config = backendConfig(process.env);
const auth = authConfig(process.env);
const { port, drainSeconds } = serverConfig(process.env, 8080);

const tokens = new Tokens(secrets, auth.tokenSeconds);
const database = new Database(config.database, secrets, 10);
const cache = openCache(config.cache, secrets);
const storage = new Storage(config.storage, secrets);
const readiness = new Readiness(secrets.report(), [
  { name: "postgres", optional: false, ping: () => database.ping() },
  { name: "redis", optional: true, ping: () => cache.ping() },
  { name: "s3", optional: false, ping: () => storage.ping() },
]);

const server = httpServer(readiness);
routes(server, { library: new Library(database), storage, cache, tokens, auth });
const stopped = untilDrained(server, readiness, drainSeconds, [database, cache, storage]);
await server.listen({ host: "0.0.0.0", port });
const watching = new AbortController();
void readiness.watch(watching.signal).then(() => {
  process.stdout.write(`${secrets.reportLine()}\n`);
});
await stopped;
watching.abort();
process.exit(0);
