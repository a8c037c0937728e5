import { describe, expect, it } from "vitest";
import { noPlaintextEnv } from "../../policies/no-plaintext-env.ts";
import { violationsOf } from "./support/run.ts";
import { base64, compliantStack, password, resource, withChange } from "./support/stack.ts";

const container = ["taskSpec", "containerSpec"] as const;
const containers = (environment: unknown, more: object = {}) =>
  JSON.stringify([{ name: "api", image: "shop/api:1", environment, ...more }]);

/** Where a Swarm service takes text, and what a plaintext secret looks like there. */
const inService: readonly (readonly [string, readonly (string | number)[], unknown])[] = [
  ["env", [...container, "env", "DB_PASSWORD"], password],
  ["env, short and human", [...container, "env", "DB_PASSWORD"], "changeme"],
  ["env, a URL with credentials", [...container, "env", "DATABASE_URL"], `postgres://shop:${password}@db/shop`],
  ["env, base64", [...container, "env", "APP_CONFIG"], base64(`DB_PASSWORD=${password}`)],
  ["args, a flag and its value", [...container, "args"], ["server", "--password", password]],
  ["args, one word", [...container, "args"], [`--db-password=${password}`]],
  ["command", [...container, "commands"], ["sh", "-c", `PGPASSWORD=${password} exec server`]],
  ["labels of the service", ["labels", 1], { label: "db.password", value: password }],
  ["labels of the service, short and human", ["labels", 1], { label: "db.password", value: "summer2024!" }],
  ["labels of the container", [...container, "labels"], [{ label: "db.password", value: password }]],
  ["health check", [...container, "healthcheck", "tests"], ["CMD-SHELL", `curl -u shop:${password} http://127.0.0.1`]],
  ["log driver", ["taskSpec", "logDriver"], { name: "splunk", options: { "splunk-token": password } }],
  ["registry", ["auth"], { serverAddress: "registry.example", username: "shop", password }],
];

const elsewhere: readonly (readonly [string, Record<string, unknown>])[] = [
  ["docker:index:ServiceConfig", { data: base64(`{"database":{"password":"${password}"}}`) }],
  ["docker:index:ServiceConfig", { data: base64(`host = db\npassword = ${password}\n`) }],
  ["docker:index:Container", { image: "shop/api", envs: [`DB_PASSWORD=${password}`] }],
  ["docker:index:Container", { image: "shop/api", command: ["server", `--token=${password}`] }],
  ["aws:ecs:TaskDefinition", { containerDefinitions: containers([{ name: "DB_PASSWORD", value: password }]) }],
  ["aws:ecs:TaskDefinition", { containerDefinitions: containers([], { command: ["--api-key", password] }) }],
  ["aws:lambda:Function", { environment: { variables: { API_TOKEN: password } } }],
  [
    "aws:apprunner:Service",
    {
      sourceConfiguration: {
        imageRepository: { imageConfiguration: { runtimeEnvironmentVariables: { DB_PASSWORD: password } } },
      },
    },
  ],
  [
    "digitalocean:index:App",
    { spec: { services: [{ name: "api", envs: [{ key: "DB_PASSWORD", value: password, type: "GENERAL" }] }] } },
  ],
  ["digitalocean:index:App", { spec: { envs: [{ key: "DB_PASSWORD", value: password }] } }],
  [
    "digitalocean:index:App",
    { spec: { workers: [{ name: "worker", envs: [{ key: "DB_PASSWORD", value: password }] }] } },
  ],
  [
    "digitalocean:index:App",
    { spec: { jobs: [{ name: "job", envs: [{ key: "DB_PASSWORD__2", value: password, type: "GENERAL" }] }] } },
  ],
  [
    "digitalocean:index:App",
    { spec: { services: [{ name: "api", image: { registryCredentials: `shop:${password}` }, envs: [] }] } },
  ],
  ["digitalocean:index:Droplet", { userData: `#!/bin/sh\nexport DB_PASSWORD=${password}\nrun\n` }],
  ["aws:ec2:Instance", { userDataBase64: base64(`#cloud-config\nwrite_files:\n- content: DB_PASSWORD=${password}\n`) }],
  ["example:index:Whatever", { deep: [{ deeper: { apiKey: password } }] }],
  ["goimg:services:Component", { settings: { smtpPassword: password } }],
];

const passing: readonly (readonly [string, Record<string, unknown>])[] = [
  [
    "aws:ecs:TaskDefinition",
    {
      containerDefinitions: containers([{ name: "DB_HOST", value: "db" }], {
        secrets: [{ name: "DB_PASSWORD", valueFrom: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-Ab12Cd" }],
      }),
    },
  ],
  ["digitalocean:index:App", { spec: { envs: [{ key: "DB_PASSWORD", value: password, type: "SECRET" }] } }],
  ["docker:index:Secret", { data: base64(password), labels: [{ label: "goimg.entry", value: "DB_PASSWORD" }] }],
  ["random:index:RandomPassword", { length: 43, result: password }],
  ["aws:secretsmanager:SecretVersion", { secretId: "db", secretString: password }],
  ["pulumi:providers:postgresql", { host: "db", password }],
  ["aws:rds:Instance", { engine: "postgres", username: "shop", password }],
  ["kubernetes:core/v1:Secret", { stringData: { DB_PASSWORD: password } }],
  [
    "docker:index:ServiceConfig",
    { data: base64('{"version":1,"secrets":[{"name":"DB_PASSWORD","files":{"1":"x"}}]}') },
  ],
];

const paths = (violations: ReturnType<typeof violationsOf>) => violations.map(({ message }) => message.split(" ")[0]);

describe("no-plaintext-env", () => {
  it.each(inService)("refuses a plaintext secret in a service's %s", (_where, path, value) => {
    const violations = violationsOf(noPlaintextEnv, withChange(compliantStack(), "api", path, value));
    expect(violations).toHaveLength(1);
    expect(violations[0]?.urn).toContain("::api");
    expect(JSON.stringify(violations)).not.toContain(password);
  });

  it.each(elsewhere)("refuses a plaintext secret in %s", (type, props) => {
    const violations = violationsOf(noPlaintextEnv, [resource(type, "it", props)]);
    expect(violations).toHaveLength(1);
    expect(JSON.stringify(violations)).not.toContain(password);
  });

  it.each(passing)("accepts a secret where it belongs in %s", (type, props) => {
    expect(violationsOf(noPlaintextEnv, [resource(type, "it", props)])).toEqual([]);
  });

  it("names the property, into the JSON of a task definition", () => {
    const definitions = containers([{ name: "DB_PASSWORD", value: password }]);
    const task = resource("aws:ecs:TaskDefinition", "task", { containerDefinitions: definitions });
    expect(paths(violationsOf(noPlaintextEnv, [task]))).toEqual(["containerDefinitions[0].environment[0].DB_PASSWORD"]);
    const stack = withChange(compliantStack(), "api", [...container, "env", "DB_PASSWORD"], password);
    expect(paths(violationsOf(noPlaintextEnv, stack))).toEqual(["taskSpec.containerSpec.env.DB_PASSWORD"]);
  });

  it("reports each place of a resource", () => {
    const envs = [`DB_PASSWORD=${password}`, "DB_HOST=db", `API_TOKEN=${password}`];
    const violations = violationsOf(noPlaintextEnv, [resource("docker:index:Container", "it", { envs })]);
    expect(paths(violations)).toEqual(["envs.API_TOKEN", "envs.DB_PASSWORD"]);
  });

  it("accepts the names that Pulumi makes, whatever digits they end with, and no others that look like keys", () => {
    const suffixes = Array.from({ length: 2000 }, (_, n) =>
      (((n + 1) * 134_217_689) % 2 ** 28).toString(16).padStart(7, "0"),
    );
    const refused = (own: string): number =>
      suffixes.filter((suffix) => {
        const name = `GRAFANA_ADMIN_PASSWORD-g1-${suffix}`;
        return violationsOf(noPlaintextEnv, [resource("docker:index:Secret", own, { name })]).length > 0;
      }).length;
    expect(refused("GRAFANA_ADMIN_PASSWORD-g1")).toBe(0);
    expect(refused("another")).toBeGreaterThan(0);
  });
});
