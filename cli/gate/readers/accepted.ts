/** What the servers accept, asked of the servers: logins of PostgreSQL and Redis, mounts of S3, keys of the API. */
import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto";
import type Docker from "dockerode";
import type { SecretName } from "../../../components/catalog/grants.ts";
import type { Observed } from "../../../components/cluster/swarm/observe.ts";
import { NotReadable } from "../control.ts";
import type { AcceptedFact, StoredFact, TokensFact } from "../facts.ts";
import { execute, nameOf, runningContainers, type ApiService } from "./services.ts";
import type { StackValues } from "./values.ts";

/** What is asked, and of whom. */
export interface AcceptedContext {
  readonly docker: Docker;
  readonly api: readonly ApiService[];
  readonly observed: Observed;
  readonly store: readonly StoredFact[];
  readonly values: StackValues;
  readonly tokens: TokensFact;
}

/** One fact for each server and secret that rotates with two generations accepted. */
export async function readAccepted(context: AcceptedContext): Promise<readonly AcceptedFact[]> {
  const live = (entry: string): readonly number[] =>
    context.store.filter((stored) => stored.entry === entry).map(({ generation }) => generation);
  const facts: (readonly [
    server: string,
    secret: string,
    entry: string,
    ask: () => Promise<AcceptedFact["accepts"]>,
  ])[] = [
    ["postgres", "DB_PASSWORD", "DB_PASSWORD", () => postgresLogins(context)],
    ["redis", "REDIS_PASSWORD", "REDIS_PASSWORD", () => redisPasswords(context, "goimg", "REDIS_PASSWORD")],
    [
      "redis",
      "REDIS_ADMIN_PASSWORD",
      "REDIS_ADMIN_PASSWORD",
      () => redisPasswords(context, "admin", "REDIS_ADMIN_PASSWORD"),
    ],
    ["s3", "S3_KEY", "S3_SECRET_KEY", () => heldBy(context.observed, "s3", "S3_KEY")],
    ["s3", "BACKUP_S3_KEY", "BACKUP_S3_SECRET_KEY", () => heldBy(context.observed, "s3", "BACKUP_S3_KEY")],
    [
      "api",
      "JWT_KEY",
      "JWT_PRIVATE_KEY",
      () => Promise.resolve(context.tokens.keys.map(({ kid }) => (/^g\d+$/.test(kid) ? Number(kid.slice(1)) : kid))),
    ],
  ];
  return Promise.all(
    facts
      .filter(([, , entry]) => live(entry).length > 0)
      .map(async ([server, secret, entry, ask]) => ({ server, secret, live: live(entry), accepts: await ask() })),
  );
}

/** The one container of a server. */
async function containerOf({ docker, api }: AcceptedContext, name: string): Promise<string> {
  const service = api.find((one) => nameOf(one) === name);
  const [container] = service === undefined ? [] : await runningContainers(docker, service);
  if (container === undefined) throw new NotReadable(`no task of ${name} runs`);
  return container;
}

const query = "SELECT rolname, rolpassword FROM pg_authid WHERE rolcanlogin AND rolpassword IS NOT NULL";

/** Roles with a password, each by the generation whose value its verifier is of. The verifiers stay in this process. */
async function postgresLogins(context: AcceptedContext): Promise<AcceptedFact["accepts"]> {
  const psql = ["psql", "--no-psqlrc", "-At", "-F", "\t", "-h", "/run/postgresql", "-U", "postgres", "-c", query];
  const listed = await execute(context.docker, await containerOf(context, "postgres"), psql);
  return lines(listed).map((line) => {
    const [role = "", verifier = ""] = line.split("\t");
    return (
      context.values.generationWhere("DB_PASSWORD", (value) => scramMatches(verifier, value)) ??
      `the login role ${role}`
    );
  });
}

/** Whether a verifier of PostgreSQL (RFC 5803) is a password's. */
export function scramMatches(verifier: string, password: string): boolean {
  const [, rounds, salt, stored] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):/.exec(verifier) ?? [];
  if (rounds === undefined || salt === undefined || stored === undefined) return false;
  const salted = pbkdf2Sync(password, Buffer.from(salt, "base64"), Number(rounds), 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const expected = createHash("sha256").update(clientKey).digest();
  const given = Buffer.from(stored, "base64");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Passwords of a Redis user, by the generation whose hash each is; from the ACL file that the server keeps. */
async function redisPasswords(context: AcceptedContext, user: string, entry: string): Promise<AcceptedFact["accepts"]> {
  const file = await execute(context.docker, await containerOf(context, "redis"), ["cat", "/data/users.acl"]);
  return redisLogins(file, user, context.values.hashes(entry));
}

/** What an ACL file lets a user log in with. Any user but the two that the stack makes is a stranger. */
export function redisLogins(file: string, user: string, known: ReadonlyMap<string, number>): AcceptedFact["accepts"] {
  const users = lines(file).map((line) => line.split(" "));
  const strangers = users
    .filter(([, name = "", ...words]) => !["goimg", "admin"].includes(name) && words.includes("on"))
    .map(([, name = ""]) => `the user ${name}`);
  const words = users.find(([, name]) => name === user)?.slice(2) ?? [];
  const open = words.includes("nopass") ? [`${user} without a password`] : [];
  const hashes = words.filter((word) => word.startsWith("#")).map((word) => word.slice(1));
  return [...hashes.map((hash) => known.get(hash) ?? `a password of ${user}`), ...open, ...strangers];
}

/** Generations that the acceptor's spec mounts, or reads from its store: the server accepts what it holds. */
function heldBy({ services }: Observed, name: string, secret: SecretName): Promise<AcceptedFact["accepts"]> {
  return Promise.resolve(services.find((service) => service.name === name)?.spec.get(secret)?.live ?? []);
}

const lines = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");
