/** The dev stack with its values in Vault: the same services, which log in instead of mounting. */
import { beforeAll, describe, expect, test } from "vitest";
import { observeSwarm } from "../../../components/cluster/swarm/observe.ts";
import { noPlaintextEnv } from "../../../policies/no-plaintext-env.ts";
import { violationsOf } from "../../policy/support/run.ts";
import type { Recorded } from "./mocks.ts";
import { mockEngine, resourcesOf, sentinel, settle } from "./mocks.ts";

const address = "https://vault.example:8200";

describe("the dev stack on Vault", () => {
  let recorded: Recorded[];
  let outputs: Record<string, unknown>;

  beforeAll(async () => {
    recorded = await mockEngine({
      store: "vault",
      vault: JSON.stringify({ address, caFile: "package.json" }),
      generations: JSON.stringify({ DB_PASSWORD: { live: [2, 3], active: 2 } }),
    });
    const { dev } = await import("../../../stacks/dev.ts");
    outputs = await dev(() => Promise.resolve(undefined));
    await settle();
  });

  const of = (type: string) => recorded.filter((one) => one.type === type);
  const container = (name: string) => {
    const found = of("docker:index/service:Service").find((one) => one.name === name);
    return (found?.inputs as { taskSpec: { containerSpec: Record<string, unknown> } }).taskSpec.containerSpec;
  };

  test("keeps values in Vault alone; Swarm holds what each service logs in with", () => {
    expect(
      of("docker:index/secret:Secret")
        .map(({ name }) => name)
        .sort(),
    ).toEqual(
      ["api", "backup", "cache-acl", "db-migrate", "db-roles", "grafana", "s3", "worker"].map(
        (name) => `${name}-login-g1`,
      ),
    );
    const kept = of("goimg-stores:vault:Generation").filter(({ name }) => name.startsWith("DB_PASSWORD"));
    expect(kept.map(({ name, inputs }) => [name, inputs["generation"]])).toEqual([
      ["DB_PASSWORD-g2", 2],
      ["DB_PASSWORD-g3", 3],
    ]);
  });

  test("gives a service a login, its settings and the CA, and neither a mount nor a path of a value", () => {
    expect(container("db-roles")["secrets"]).toEqual([
      {
        secretId: "db-roles-login-g1-id",
        secretName: "db-roles-login-g1-0000000",
        fileName: "/run/goimg/login",
        fileMode: 0o400,
        fileUid: "10002",
        fileGid: "10002",
      },
    ]);
    expect(container("db-roles")["env"]).toEqual({
      DB_NAME: "goimg",
      GOIMG_ENV: "development",
      GOIMG_READS: "DB_PASSWORD:2,DB_PASSWORD.3:3",
      SECRET_PROVIDER: "vault",
      SECRETS_MANIFEST_FILE: "/run/goimg/manifest.json",
      VAULT_ADDR: address,
      VAULT_AUTH: "approle",
      VAULT_CACERT: "/run/goimg/store-ca.pem",
      VAULT_ROLE_ID: "goimg-dev-db-roles",
      VAULT_SECRETS: "secret/goimg/dev",
      VAULT_SECRET_ID_FILE: "/run/goimg/login",
    });
    const files = (container("db-roles")["configs"] as { fileName: string }[]).map(({ fileName }) => fileName);
    expect(files).toEqual(["/run/goimg/manifest.json", "/run/goimg/store-ca.pem"]);
  });

  test("lets each policy read what its service was granted and the stack has, exactly", () => {
    const login = of("goimg-stores:vault:Login").find(({ name }) => name === "worker-login");
    expect(login?.inputs).toMatchObject({
      role: "goimg-dev-worker",
      mount: "secret",
      folder: "goimg/dev",
      entries: ["DB_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"],
    });
  });

  test("leads the services that log in out of the Swarm by a network of its own, and no other", () => {
    const network = of("docker:index/network:Network").find(({ name }) => name === "store");
    expect(network?.inputs).toMatchObject({ internal: false, options: { encrypted: "true" } });
    const networks = (name: string): unknown => {
      const found = of("docker:index/service:Service").find((one) => one.name === name);
      const { taskSpec } = found?.inputs as { taskSpec: { networksAdvanceds: unknown } };
      return taskSpec.networksAdvanceds;
    };
    expect(networks("worker")).toContainEqual({ id: "store-id", aliases: [] });
    for (const name of ["postgres", "redis", "gateway"])
      expect(JSON.stringify(networks(name))).not.toContain("store-id");
  });

  test("says by a setting what a container reads, and the Swarm's observer understands it", async () => {
    const env = container("db-roles")["env"] as Readonly<Record<string, string>>;
    const ContainerSpec = { Env: Object.entries(env).map(([name, value]) => `${name}=${value}`) };
    const spec = {
      Name: "goimg-dev-db-roles",
      Labels: { "goimg.service": "db-roles" },
      TaskTemplate: { ContainerSpec },
    };
    const swarm = {
      listServices: () => Promise.resolve([{ ID: "s", Spec: spec }]),
      listTasks: () => Promise.resolve([]),
      listSecrets: () => Promise.resolve([{ ID: "l", CreatedAt: "2026-01-01", Spec: { Labels: {} } }]),
    };
    const { services, secrets } = await observeSwarm(swarm as never, "dev");
    expect(services.map((service) => service.spec)).toEqual([new Map([["DB_PASSWORD", { live: [2, 3], active: 2 }]])]);
    expect(secrets).toEqual([]);
  });

  test("has nothing in its services that the policy pack takes for a secret", () => {
    expect(violationsOf(noPlaintextEnv, resourcesOf(recorded))).toEqual([]);
  });

  test("writes no value outside the generators and the stores, in any name, label, setting or output", () => {
    const holders = [
      "random:index/randomPassword:RandomPassword",
      "goimg-stores:vault:Generation",
      "goimg-stores:vault:SecretId",
      "docker:index/secret:Secret",
    ];
    const elsewhere = JSON.stringify([recorded.filter(({ type }) => !holders.includes(type)), outputs]);
    expect(elsewhere).not.toContain(sentinel);
    expect(elsewhere).not.toContain(Buffer.from(sentinel).toString("base64").slice(0, 40));
  });
});
