/**
 * A small service: reads its password by whatever provider it was given, and presents it to a backing server with every request
 * that it serves. `PORT` is where it listens, `BACKING` the server.
 */
import { createServer } from "node:http";
import { startOrExit } from "../../../runtime/index.ts";

const secrets = await startOrExit({ service: "worker" });
const password = secrets.mustGet("DB_PASSWORD");
const backing = process.env["BACKING"] ?? "";

const server = createServer((_request, response) => {
  fetch(backing, { headers: { authorization: `Bearer ${password}` } }).then(
    ({ status }) => response.writeHead(status).end(),
    () => response.writeHead(502).end(),
  );
});
server.listen(Number(process.env["PORT"]), "127.0.0.1", () => {
  process.stdout.write(`${secrets.reportLine()}\n`);
});
process.on("SIGTERM", () => server.close());
