/** The migration job: brings the schema up to date as the owner role, once, however often and in parallel it is run. */
import type pg from "pg";
import { backendConfig } from "./config.ts";
import { Database } from "./database.ts";
import { failure, info } from "./log.ts";
import { migrations } from "./migrations.ts";
import { start } from "./start.ts";

/** Key of the advisory lock that keeps two runs apart, for the length of their transaction. */
const LOCK = 0x676f696d;

async function migrate(client: pg.PoolClient, owner: string): Promise<number> {
  await client.query("SELECT pg_advisory_xact_lock($1)", [LOCK]);
  const who = await client.query<{ role: string }>("SELECT current_user AS role");
  // Objects made as a login role would be lost to the other generation's.
  if (who.rows[0]?.role !== owner) throw new Error("the session does not act as the owner role: run db-roles first");
  await client.query(`
    CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`);
  const done = new Set(
    (await client.query<{ name: string }>("SELECT name FROM migrations")).rows.map(({ name }) => name),
  );
  const due = migrations.filter(({ name }) => !done.has(name));
  for (const { name, sql } of due) {
    await client.query(sql);
    await client.query("INSERT INTO migrations (name) VALUES ($1)", [name]);
    info("db-migrate.applied", { migration: name });
  }
  return due.length;
}

const secrets = await start("db-migrate", ["DB_PASSWORD"]);
const { database: config } = backendConfig(process.env);
const database = new Database(config, secrets, 1);
try {
  const applied = await database.transaction((client) => migrate(client, config.name));
  info("db-migrate.done", { applied });
  process.stdout.write(`${secrets.reportLine()}\n`);
} catch (error) {
  failure("db-migrate.failed", error);
  process.exitCode = 1;
} finally {
  await database.end();
}
