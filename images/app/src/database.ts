/** PostgreSQL, as the login role of the active generation of DB_PASSWORD (alternating users: the name says which). */
import pg from "pg";
import type { Secrets } from "../../../runtime/secrets.ts";
import type { DatabaseConfig } from "./config.ts";
import { failure } from "./log.ts";
import { retrying } from "./retry.ts";

/** Settings of one connection. */
export function connectionOptions(config: DatabaseConfig, secrets: Secrets): pg.ClientConfig {
  const generation = secrets.active("DB_PASSWORD");
  if (generation === null) throw new Error("DB_PASSWORD has no live generation");
  return {
    host: config.host,
    port: config.port,
    database: config.name,
    user: `${config.name}_g${generation}`,
    password: secrets.mustGet("DB_PASSWORD"),
    application_name: secrets.manifest.service,
    connectionTimeoutMillis: 2000,
    keepAlive: true,
  };
}

/** A pool whose queries survive the loss of their connection. */
export class Database {
  readonly pool: pg.Pool;

  constructor(config: DatabaseConfig, secrets: Secrets, connections: number) {
    this.pool = new pg.Pool({ ...connectionOptions(config, secrets), max: connections, idleTimeoutMillis: 30_000 });
    // An idle connection that ends is replaced by the next query; unheard, the event would end the process.
    this.pool.on("error", (error) => {
      failure("database.connection-lost", error);
    });
  }

  /** Runs one statement that is safe to repeat. */
  async query<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await retrying(() => this.pool.query<Row>(sql, [...values]));
    return rows;
  }

  /** Runs `work` in one transaction on one connection, from the start again when the connection is lost. */
  transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return retrying(async () => {
      const client = await this.pool.connect();
      let broken = true;
      try {
        await client.query("BEGIN");
        const result = await work(client);
        await client.query("COMMIT");
        broken = false;
        return result;
      } catch (error) {
        await client.query("ROLLBACK").then(
          () => (broken = false),
          () => undefined,
        );
        throw error;
      } finally {
        client.release(broken);
      }
    });
  }

  /** Rejects when the server can't be reached or refuses the login. No retry: it is what readiness asks. */
  async ping(): Promise<void> {
    await this.pool.query("SELECT 1");
  }

  end(): Promise<void> {
    return this.pool.end();
  }
}
