import { describe, expect, expectTypeOf, test } from "vitest";
import { catalog } from "../../../components/catalog/catalog.ts";
import {
  consumersOf,
  entries,
  entriesFor,
  findSecret,
  secretNames,
  secretSpecs,
  type Granted,
} from "../../../components/catalog/grants.ts";
import { defineService, type ServiceSpec } from "../../../components/services/service.ts";
import { rotationOf } from "../../../components/secrets/rotation.ts";
import { worker } from "../../../components/services/worker.ts";

/** The requirement's lists, "Required Secrets", "Optional Secrets", "ClamAV Authentication" and "Migration Note". */
const required = [
  "JWT_PRIVATE_KEY JWT_PUBLIC_KEY DB_PASSWORD REDIS_PASSWORD S3_ACCESS_KEY S3_SECRET_KEY IPFS_PINATA_JWT",
  "IPFS_INFURA_PROJECT_ID IPFS_INFURA_PROJECT_SECRET OAUTH_GOOGLE_CLIENT_SECRET OAUTH_GITHUB_CLIENT_SECRET",
  "SMTP_PASSWORD GRAFANA_ADMIN_PASSWORD BACKUP_S3_ACCESS_KEY BACKUP_S3_SECRET_KEY CLAMAV_PASSWORD JWT_SECRET",
].flatMap((line) => line.split(" "));

describe("the catalog", () => {
  test("has every secret of the requirement", () => {
    const names = entries.map(({ name }) => name as string);
    expect(required.filter((name) => !names.includes(name))).toEqual([]);
  });

  test("names each entry once", () => {
    const names = entries.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test("has the requirement's rotation periods", () => {
    const months = (name: keyof typeof catalog) => catalog[name].period;
    expect([months("JWT_KEY"), months("DB_PASSWORD"), months("REDIS_PASSWORD"), months("S3_KEY")]).toEqual([
      "6 months",
      "3 months",
      "3 months",
      "6 months",
    ]);
    const external = secretNames
      .filter((name) => secretSpecs[name].kind === "external")
      .filter((name) => !["JWT_SECRET", "GATEWAY_TLS"].includes(name));
    expect(new Set(external.map((name) => secretSpecs[name].period))).toEqual(new Set(["12 months"]));
  });

  test("asks 32 characters or more, and 4096 bits", () => {
    for (const { kind, entries: parts } of Object.values(secretSpecs)) {
      for (const { format } of Object.values(parts)) {
        if (format.type !== "text") expect(format.minBits).toBe(kind === "external" ? 2048 : 4096);
        else if (kind === "password") expect(format.minLength).toBeGreaterThanOrEqual(32);
      }
    }
  });

  test("fits each entry's name, generation and suffix into Swarm's 64 characters", () => {
    for (const { name } of entries) expect(`${name}-g9999-0123456`.length).toBeLessThanOrEqual(64);
  });
});

describe("grants", () => {
  test("are the consumers of the catalog", () => {
    expect(entriesFor("db-roles").map(({ name }) => name)).toEqual(["DB_PASSWORD"]);
    expect(entriesFor("gateway").map(({ name }) => name)).toEqual(["TLS_CERTIFICATE", "TLS_PRIVATE_KEY"]);
    expect(entriesFor("ingress")).toEqual([]);
    expect(consumersOf("S3_KEY")).toEqual(["api", "worker", "s3"]);
    expect(findSecret("S3_ACCESS_KEY")).toBe("S3_KEY");
    expect(findSecret("NOPE")).toBeUndefined();
  });

  test("decide what compiles", () => {
    expectTypeOf<Granted<"db-roles">>().toEqualTypeOf<"DB_PASSWORD">();
    expectTypeOf<Granted<"gateway">>().toEqualTypeOf<"TLS_CERTIFICATE" | "TLS_PRIVATE_KEY">();
    expectTypeOf<Granted<"ingress">>().toEqualTypeOf<never>();
    expectTypeOf<"JWT_PRIVATE_KEY">().not.toExtend<Granted<"worker">>();
    expectTypeOf<Granted<"cache-acl">>().toEqualTypeOf<"REDIS_PASSWORD" | "REDIS_ADMIN_PASSWORD">();
    // A description of the worker that asks for the signing key is not a description of the worker.
    type Greedy = Omit<ServiceSpec<"worker">, "secrets"> & { secrets: readonly "JWT_PRIVATE_KEY"[] };
    expectTypeOf<Greedy>().not.toExtend<ServiceSpec<"worker">>();
    expectTypeOf(defineService<"worker">)
      .parameter(0)
      .not.toExtend<Greedy>();
    expect(worker({ replicas: 1 }).secrets).not.toContain("JWT_PRIVATE_KEY");
  });
});

describe("a secret's rules for rotating", () => {
  test("know the one that its own job logs in with", () => {
    const times = { grace: 0, jwksCache: 0, tokenLifetime: 0 };
    const administrative = secretNames.filter((secret) => rotationOf(secret, times).administrative === true);
    expect(administrative).toEqual(["REDIS_ADMIN_PASSWORD"]);
  });
});
