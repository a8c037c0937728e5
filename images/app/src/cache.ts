/**
 * Redis, as the ACL user `goimg`. A cache may be away: every read then misses and every write is dropped, so neither a
 * rotation that ends connections nor a restart of Redis is seen by a client.
 */
import { once } from "node:events";
import { createClient } from "redis";
import type { Secrets } from "../../../runtime/secrets.ts";
import type { CacheConfig } from "./config.ts";
import { liveValues } from "./granted.ts";
import { failure } from "./log.ts";

/** Longest wait for the cache, in milliseconds; the database answers sooner than a slow cache. */
const PATIENCE = 250;

/** Longest wait of a ping for a connection that is on its way, in milliseconds. */
const CONNECTING = 1000;

export interface Cache {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, seconds: number): Promise<void>;
  /** Rejects when the cache can't be reached or refuses the login. */
  ping(): Promise<void>;
  end(): Promise<void>;
}

/** A client that connects and reconnects by itself. */
function connect(config: CacheConfig, password: string) {
  const client = createClient({
    socket: {
      host: config.host,
      port: config.port,
      connectTimeout: 2000,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 1000),
    },
    username: "goimg",
    password,
    // Without a connection a command fails at once instead of waiting for one.
    disableOfflineQueue: true,
  });
  // Said once an outage, not once a try.
  let lost = false;
  client.on("error", (error: unknown) => {
    if (!lost) failure("cache.connection-lost", error);
    lost = true;
  });
  client.on("ready", () => {
    lost = false;
  });
  // Its failure is an event; the client goes on trying.
  void client.connect().catch(() => undefined);
  return client;
}

async function within<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, PATIENCE, otherwise);
  });
  try {
    return await Promise.race([answer.catch(() => otherwise), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The cache; one that holds nothing where the stack has switched Redis' password off. */
export function openCache(config: CacheConfig, secrets: Secrets): Cache {
  if (liveValues(secrets, "REDIS_PASSWORD").length === 0) {
    const nothing = (): Promise<void> => Promise.resolve();
    return { get: () => Promise.resolve(null), set: nothing, ping: nothing, end: nothing };
  }
  const client = connect(config, secrets.mustGet("REDIS_PASSWORD"));
  const key = (name: string): string => `goimg:${name}`;
  return {
    get: (name) => within<string | null>(client.get(key(name)), null),
    async set(name, value, seconds) {
      await within<unknown>(client.set(key(name), value, { expiration: { type: "EX", value: seconds } }), null);
    },
    async ping() {
      // The first connection is on its way when it is first asked for. An error of it is an answer as well.
      if (!client.isReady) await once(client, "ready", { signal: AbortSignal.timeout(CONNECTING) });
      await client.ping();
    },
    end() {
      client.destroy();
      return Promise.resolve();
    },
  };
}
