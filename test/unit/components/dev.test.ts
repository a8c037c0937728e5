import { beforeAll, describe, expect, test } from "vitest";
import type { Recorded } from "./mocks.ts";
import { mockEngine, sentinel, settle } from "./mocks.ts";

describe("the dev stack", () => {
  let recorded: Recorded[];
  let outputs: Record<string, unknown>;

  beforeAll(async () => {
    recorded = await mockEngine({ generations: JSON.stringify({ DB_PASSWORD: { live: [2, 3], active: 2 } }) });
    const { dev } = await import("../../../stacks/dev.ts");
    outputs = await dev(() => Promise.resolve(undefined));
    await settle();
  });

  const named = (type: string) => recorded.filter((r) => r.type === type).map(({ name }) => name);
  const service = (name: string) => {
    const found = recorded.find((r) => r.type === "docker:index/service:Service" && r.name === name);
    if (found === undefined) throw new Error(`no service ${name}`);
    return found.inputs as { taskSpec: { containerSpec: Record<string, never> } };
  };

  test("generates each live generation as a resource of its own", () => {
    expect(named("random:index/randomPassword:RandomPassword").sort()).toEqual([
      "BACKUP_S3_ACCESS_KEY-g1",
      "BACKUP_S3_SECRET_KEY-g1",
      "DB_PASSWORD-g2",
      "DB_PASSWORD-g3",
      "GRAFANA_ADMIN_PASSWORD-g1",
      "REDIS_ADMIN_PASSWORD-g1",
      "REDIS_PASSWORD-g1",
      "S3_ACCESS_KEY-g1",
      "S3_SECRET_KEY-g1",
    ]);
    expect(recorded.filter((r) => r.type === "tls:index/privateKey:PrivateKey")).toEqual([
      { type: "tls:index/privateKey:PrivateKey", name: "JWT_KEY-g1", inputs: { algorithm: "RSA", rsaBits: 4096 } },
    ]);
  });

  test("puts each into a Swarm secret without an explicit name", () => {
    const secrets = recorded.filter((r) => r.type === "docker:index/secret:Secret");
    expect(secrets.map(({ name }) => name).sort()).toEqual([
      "BACKUP_S3_ACCESS_KEY-g1",
      "BACKUP_S3_SECRET_KEY-g1",
      "DB_PASSWORD-g2",
      "DB_PASSWORD-g3",
      "GRAFANA_ADMIN_PASSWORD-g1",
      "JWT_PRIVATE_KEY-g1",
      "JWT_PUBLIC_KEY-g1",
      "REDIS_ADMIN_PASSWORD-g1",
      "REDIS_PASSWORD-g1",
      "S3_ACCESS_KEY-g1",
      "S3_SECRET_KEY-g1",
    ]);
    for (const { inputs } of secrets) expect(inputs["name"]).toBeUndefined();
  });

  test("has a gate behind each service, in the place of the provider's waiting", () => {
    const services = recorded.filter((r) => r.type === "docker:index/service:Service");
    expect(services.filter(({ inputs }) => inputs["convergeConfig"] !== undefined)).toEqual([]);
    expect(named("goimg:cluster:Gate").sort()).toEqual(services.map(({ name }) => name).sort());
  });

  test("mounts all live generations for those who accept them, the active one alone for clients, 0400 for the service's user", () => {
    const mounts = (name: string) =>
      (service(name).taskSpec.containerSpec["secrets"] as unknown as Record<string, unknown>[]).map(
        (s) => s["fileName"],
      );
    expect(mounts("db-roles")).toEqual(["DB_PASSWORD", "DB_PASSWORD.3"]);
    expect(mounts("api")).toEqual([
      "DB_PASSWORD",
      "JWT_PRIVATE_KEY",
      "JWT_PUBLIC_KEY",
      "REDIS_PASSWORD",
      "S3_ACCESS_KEY",
      "S3_SECRET_KEY",
    ]);
    expect(service("db-roles").taskSpec.containerSpec["secrets"]).toEqual([
      {
        secretId: "DB_PASSWORD-g2-id",
        secretName: "DB_PASSWORD-g2-0000000",
        fileName: "DB_PASSWORD",
        fileMode: 0o400,
        fileUid: "10002",
        fileGid: "10002",
      },
      {
        secretId: "DB_PASSWORD-g3-id",
        secretName: "DB_PASSWORD-g3-0000000",
        fileName: "DB_PASSWORD.3",
        fileMode: 0o400,
        fileUid: "10002",
        fileGid: "10002",
      },
    ]);
  });

  test("gives Grafana what it shows as plain files, and its password as a secret", () => {
    const { configs, secrets } = service("grafana").taskSpec.containerSpec;
    expect((configs as unknown as Record<string, unknown>[]).map(({ fileName }) => fileName)).toEqual([
      "/run/goimg/manifest.json",
      "/etc/goimg-grafana/dashboards/secrets.json",
      "/etc/goimg-grafana/provisioning/dashboards/goimg-secrets.yaml",
      "/etc/goimg-grafana/provisioning/datasources/prometheus.yaml",
    ]);
    expect((secrets as unknown as Record<string, unknown>[]).map(({ fileName }) => fileName)).toEqual([
      "GRAFANA_ADMIN_PASSWORD",
    ]);
  });

  test("gives gateway, metrics, postgres and redis no secret and no manifest", () => {
    for (const name of ["gateway", "metrics", "postgres", "redis"]) {
      expect(service(name).taskSpec.containerSpec["secrets"]).toEqual([]);
      expect(service(name).taskSpec.containerSpec["configs"]).toEqual([]);
    }
  });

  test("writes no value outside the generators and the store, in any name, label, setting or output", () => {
    const holders = ["random:index/randomPassword:RandomPassword", "docker:index/secret:Secret"];
    const elsewhere = JSON.stringify([recorded.filter(({ type }) => !holders.includes(type)), outputs]);
    expect(elsewhere).not.toContain(sentinel);
    expect(elsewhere).not.toContain(Buffer.from(sentinel).toString("base64").slice(0, 40));
  });
});
