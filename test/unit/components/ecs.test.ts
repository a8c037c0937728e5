/** What of a service's description becomes what of a task of ECS. */
import { describe, expect, test } from "vitest";
import { qualified, taskSize } from "../../../components/cluster/ecs/container.ts";
import { taskUnits, unitOf } from "../../../components/cluster/ecs/units.ts";
import { api } from "../../../components/services/api.ts";
import { backup } from "../../../components/services/backup.ts";
import { cacheAcl, redis } from "../../../components/services/cache.ts";
import { dbMigrate, dbRoles, postgres } from "../../../components/services/database.ts";
import { seconds } from "../../../components/services/health.ts";
import { s3 } from "../../../components/services/storage.ts";
import { pricePerMonth } from "../../../components/stores/awsPrice.ts";
import { AwsSecretsManagerStore } from "../../../components/stores/awsSecretsManager.ts";
import { checkArguments } from "../../fakes/schema.ts";

const services = [
  api({ replicas: 2 }),
  backup({ recipients: [] }),
  dbMigrate(),
  dbRoles(),
  postgres(),
  redis(),
  cacheAcl(),
  s3({ replicas: 2 }),
];

describe("the tasks of a stack", () => {
  const units = taskUnits(services);

  test("are one for each service, but for those that meet at a socket", () => {
    const containers = units.map(({ name, services: own }) => [name, own.map((spec) => spec.name)]);
    expect(new Map(containers as [string, string[]][])).toEqual(
      new Map([
        ["postgres", ["postgres", "db-roles", "backup"]],
        ["db-migrate", ["db-migrate"]],
        ["redis", ["redis"]],
        ["cache-acl", ["cache-acl"]],
        ["s3", ["s3"]],
        ["api", ["api"]],
      ]),
    );
    expect(unitOf(units, "backup").name).toBe("postgres");
  });

  test("start in an order in which nothing waits for a task that comes later", () => {
    for (const [index, { after }] of units.entries()) {
      const earlier = units.slice(0, index).map(({ name }) => name);
      expect(earlier).toEqual(expect.arrayContaining([...after]));
    }
    expect(unitOf(units, "api").after).toEqual(["db-migrate", "cache-acl", "s3"]);
    expect(units.filter(({ job }) => job).map(({ name }) => name)).toEqual(["db-migrate", "cache-acl"]);
  });

  test("are as small as their memory allows", () => {
    expect(taskSize([redis()])).toEqual({ cpu: "256", memory: "512" });
    expect(taskSize(unitOf(units, "postgres").services)).toEqual({ cpu: "256", memory: "2048" });
    const huge = { ...redis(), limits: { cpus: 1, memoryMb: 20_000 } };
    expect(() => taskSize([huge])).toThrow("redis needs 20000 MiB");
  });
});

test("names of services get the stack's domain, and nothing else does", () => {
  const context = { services: ["api", "s3", "postgres"], domain: "goimg-aws.internal" };
  expect(qualified("postgres", context)).toBe("postgres.goimg-aws.internal");
  expect(qualified("http://s3:7070", context)).toBe("http://s3.goimg-aws.internal:7070");
  for (const other of ["goimg", "http://s3.example:7070", "api,s3", "8080", "https://"])
    expect(qualified(other, context)).toBe(other);
});

test("a store whose secrets could not be restored as declared is refused before it is made", () => {
  const make = (recoveryDays: number): unknown =>
    new AwsSecretsManagerStore("store", [], { consumers: [], active: [], recoveryDays });
  for (const days of [0, 6, 31, 7.5])
    expect(() => make(days)).toThrow("recoveryDays: a whole number of days from 7 to 30");
});

test("a month costs by the secret, whatever versions it has", () => {
  const generated = [{ entry: "DB_PASSWORD" }, { entry: "DB_PASSWORD" }, { entry: "REDIS_PASSWORD" }] as const;
  expect(pricePerMonth(generated)).toBe("$1.80 for 2 secrets and a key");
});

test("durations are whole seconds", () => {
  expect(["500ms", "30s", "1m"].map(seconds)).toEqual([1, 30, 60]);
  expect(() => seconds("1h")).toThrow("1h is no duration");
});

describe("the stand-in of the aws provider", () => {
  const check = (type: string, inputs: Readonly<Record<string, unknown>>): readonly string[] => {
    const problems = new Map<string, string>();
    checkArguments(type, inputs, problems);
    return [...problems].map(([property, problem]) => `${property} ${problem}`).sort();
  };
  const service = "aws:ecs/service:Service";

  test("takes what the SDK declares", () => {
    const breaker = { enable: true, rollback: true };
    const network = { subnets: ["subnet-1"], assignPublicIp: true };
    expect(
      check(service, { deploymentCircuitBreaker: breaker, networkConfiguration: network, tags: { a: "b" } }),
    ).toEqual([]);
    expect(check("aws:iam/role:Role", { assumeRolePolicy: "{}" })).toEqual([]);
  });

  test("refuses what is missing, unknown, or of another type, wherever it is", () => {
    expect(check("aws:secretsmanager/secretPolicy:SecretPolicy", { secretArn: "arn", policies: "{}" })).toEqual([
      "policies is not known",
      "policy is required",
    ]);
    const wrong = {
      desiredCount: "2",
      networkConfiguration: { subnets: "subnet-1" },
      deploymentCircuitBreaker: { enable: true },
    };
    expect(check(service, wrong)).toEqual([
      "deploymentCircuitBreaker.rollback is required",
      "desiredCount must be a number",
      "networkConfiguration.subnets must be a list",
    ]);
    expect(() => check("aws:ecs/servce:Servce", {})).toThrow("has no resource");
  });
});
