/** Facts of a stack on which every control holds; a test breaks one of them. */
import { entriesFor } from "../../../../components/catalog/grants.ts";
import type { ServiceName } from "../../../../components/catalog/types.ts";
import type { Facts, FactValues, SearchFact, ServiceFact } from "../../../../cli/gate/facts.ts";
import type { SecretStatus } from "../../../../cli/status.ts";
import { unknownProvider } from "../../../../cli/gate/controls/providerAbstraction.ts";

const loginFile = "/run/goimg/login";
const stored = ["JWT_PRIVATE_KEY", "JWT_PUBLIC_KEY", "DB_PASSWORD", "REDIS_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"];

function service(name: ServiceName, change: Partial<ServiceFact> = {}): ServiceFact {
  const mounts = entriesFor(name)
    .filter((entry) => stored.includes(entry.name))
    .map((entry) => ({
      file: entry.name,
      entry: entry.name,
      generation: 1,
      stack: "dev",
      login: undefined,
      uid: "10001",
      mode: 0o400,
    }));
  return {
    name,
    job: false,
    image: `example/${name}`,
    env: mounts.length === 0 ? {} : { SECRET_PROVIDER: "docker", DB_PASSWORD_FILE: "/run/secrets/DB_PASSWORD" },
    mounts,
    access: undefined,
    user: "10001:10001",
    readOnly: true,
    dropsAll: true,
    replicas: 2,
    hasHealth: true,
    order: "start-first",
    onFailure: "rollback",
    rollbackOrder: "start-first",
    networks: ["database"],
    publishes: false,
    ...change,
  };
}

const search: SearchFact = {
  values: ["DB_PASSWORD-g1"],
  forms: 12,
  places: 40,
  bytes: 4000,
  provedByPlanted: true,
  hits: [],
};

function status(secret: SecretStatus["secret"], strategy: string): SecretStatus {
  const generations = [{ generation: 1, phase: "active", ageDays: 3, createdAt: "2026-11-01T00:00:00.000Z" }];
  return { secret, strategy, active: 1, generations, due: "2099-01-01", inDays: 90, consumers: [], unsettled: [] };
}

const accepts = (server: string, secret: string) => ({ server, secret, live: [1], accepts: [1] });
const start = (provider: string | undefined, reasons: readonly string[], named = ["DB_PASSWORD"]) => {
  return { service: "worker", provider, exitCode: 78, required: ["DB_PASSWORD"], named, reasons };
};

/** Every fact, as it is on a stack with which nothing is wrong. */
export const compliant: FactValues = {
  production: false,
  services: [
    service("gateway", { publishes: true, networks: ["edge"], replicas: 1 }),
    service("api", { networks: ["edge", "database"] }),
    service("worker"),
    service("s3"),
    service("db-roles", { job: true, hasHealth: false, order: "stop-first", replicas: 1 }),
    service("db-migrate", { job: true, hasHealth: false, order: "stop-first", replicas: 1 }),
    service("cache-acl", { job: true, hasHealth: false, order: "stop-first", replicas: 1 }),
  ],
  store: stored.map((entry) => ({ entry, generation: 1, createdAt: new Date("2026-11-01T00:00:00Z") })),
  insides: (["api", "worker", "s3"] as const).map((name) => ({
    service: name,
    container: "0123456789ab",
    uid: "10001",
    files: service(name).mounts.map(({ file }) => {
      return { name: file, mode: 0o400, uid: "10001", type: "f", fileSystem: "tmpfs" };
    }),
  })),
  shown: search,
  formats: [{ name: "DB_PASSWORD-g1", reasons: [] }],
  repeated: [],
  starts: ["api", "worker", "s3", "db-roles", "db-migrate", "cache-acl"].map((name) => {
    return { ...start(undefined, ["missing"]), service: name };
  }),
  providers: [
    start("docker", ["missing"]),
    start("env", ["missing"]),
    start(unknownProvider, ["unknown-provider"], []),
  ],
  backends: [
    { provider: "docker", answersTheValue: true, allowedInProduction: true },
    { provider: "env", answersTheValue: true, allowedInProduction: false },
  ],
  tokens: {
    keys: [{ kid: "g1", alg: "RS256", kty: "RSA", bits: 4096 }],
    tries: [
      { what: "a token signed with the active key (RS256)", shouldBe: "accepted", status: 404 },
      { what: "an HS256 token with the public key as its secret", shouldBe: "refused", status: 401 },
    ],
    legacy: [],
  },
  accepted: [
    accepts("api", "JWT_KEY"),
    accepts("postgres", "DB_PASSWORD"),
    accepts("redis", "REDIS_PASSWORD"),
    accepts("s3", "S3_KEY"),
  ],
  status: [
    status("JWT_KEY", "dual-key"),
    status("DB_PASSWORD", "alternating-users"),
    status("REDIS_PASSWORD", "dual-password"),
    status("S3_KEY", "dual-access-key"),
  ],
  history: { repositories: ["/project"], commits: 12, searched: ["DB_PASSWORD-g1"], seen: [] },
  files: { scanned: ["Pulumi.dev.yaml"], findings: [], search },
  host: [
    { path: "/state", directory: true, mode: 0o700 },
    { path: "/state/passphrase", directory: false, mode: 0o600 },
  ],
  rest: {
    stateProvider: "passphrase",
    stateProblems: [],
    search,
    plainNetworks: [],
    encryptedNetworks: ["goimg-dev-database"],
    autolock: false,
  },
  stacks: { others: [{ stack: "other", shared: [] }], sameSalt: [] },
  audit: {
    entries: 15,
    broken: undefined,
    unrecorded: [],
    reports: [{ task: "api.1", said: true }],
    auditd: "absent",
    unwatched: [],
  },
  backup: {
    address: "/backups/goimg-dev-20261125T000000Z.age",
    at: new Date(),
    bytes: 9000,
    encrypted: true,
    asRecorded: true,
    holds: [],
  },
  build: {
    policies: ["strength"],
    resources: 40,
    violations: [],
    failure: undefined,
    malformed: { entry: "SMTP_PASSWORD", refused: true },
  },
};

/** The same stack with its values in Vault: each service mounts its login, and Vault says what that may read. */
export const compliantInVault: FactValues = {
  ...compliant,
  services: compliant.services.map((service) => {
    if (service.mounts.length === 0) return service;
    const login = { file: loginFile, entry: undefined, generation: undefined, stack: "dev", login: service.name };
    return {
      ...service,
      env: { SECRET_PROVIDER: "vault" },
      mounts: [{ ...login, uid: "10001", mode: 0o400 }],
      access: {
        role: `goimg-dev-${service.name}`,
        entries: service.mounts.flatMap(({ entry }) => entry ?? []),
        others: [],
      },
    };
  }),
  insides: compliant.insides.map((inside) => ({
    ...inside,
    files: [{ name: loginFile, mode: 0o400, uid: "10001", type: "f", fileSystem: "tmpfs" }],
  })),
};

/** Plain data as facts. */
export function factsFrom(values: FactValues): Facts {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, () => Promise.resolve(value as unknown)]),
  ) as Facts;
}
