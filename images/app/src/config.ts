/** Plain settings, from the environment: where the backends are and how patient to be. No secret comes this way. */

/** Where PostgreSQL is. */
export interface DatabaseConfig {
  readonly host: string;
  readonly port: number;
  readonly name: string;
}

/** Where Redis is. */
export interface CacheConfig {
  readonly host: string;
  readonly port: number;
}

/** Where the objects are. */
export interface StorageConfig {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Reads a variable; its default when it is unset or empty. */
export function text(env: Env, name: string, fallback: string): string {
  const value = env[name];
  return value === undefined || value === "" ? fallback : value;
}

/**
 * Reads a whole number.
 *
 * @throws when it is set to something else: names the variable and its bounds.
 */
export function number(env: Env, name: string, fallback: number, min: number, max: number): number {
  const value = Number(text(env, name, String(fallback)));
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`${name} must be a whole number from ${min} to ${max}`);
}

const port = (env: Env, name: string, fallback: number): number => number(env, name, fallback, 1, 65_535);

/** Settings that all programs share. */
export function backendConfig(env: Env): { database: DatabaseConfig; cache: CacheConfig; storage: StorageConfig } {
  return {
    database: {
      host: text(env, "DB_HOST", "postgres"),
      port: port(env, "DB_PORT", 5432),
      name: text(env, "DB_NAME", "goimg"),
    },
    cache: { host: text(env, "REDIS_HOST", "redis"), port: port(env, "REDIS_PORT", 6379) },
    storage: {
      endpoint: text(env, "S3_ENDPOINT", "http://s3:7070"),
      bucket: text(env, "S3_BUCKET", "goimg"),
      region: text(env, "S3_REGION", "us-east-1"),
    },
  };
}

/** Settings of a program that serves. Seconds where it says seconds. */
export interface ServerConfig {
  readonly port: number;
  /** How long to go on serving after SIGTERM, so that the gateway sees the task leave before it does. */
  readonly drainSeconds: number;
}

export function serverConfig(env: Env, defaultPort: number): ServerConfig {
  return { port: port(env, "PORT", defaultPort), drainSeconds: number(env, "DRAIN_SECONDS", 3, 0, 60) };
}

/** Settings of the API's users and tokens. */
export interface AuthConfig {
  /** How long an access token is valid. */
  readonly tokenSeconds: number;
  /** How long clients may keep the key set: how long a published key waits before it may sign. */
  readonly jwksMaxAge: number;
  /** Cost of a password's hash: log2 of scrypt's N. */
  readonly scryptLog2N: number;
}

export function authConfig(env: Env): AuthConfig {
  return {
    tokenSeconds: number(env, "TOKEN_SECONDS", 900, 1, 86_400),
    jwksMaxAge: number(env, "JWKS_MAX_AGE", 60, 0, 86_400),
    scryptLog2N: number(env, "SCRYPT_LOG2N", 14, 10, 20),
  };
}
