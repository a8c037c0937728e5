/**
 * The stack `aws` through the real engine and with the policy pack, on a moto server: what AWS holds afterwards is asked of it through the
 * AWS SDK. No account and no Docker.
 */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { ECS } from "@aws-sdk/client-ecs";
import { KMS } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { entries } from "../../../components/catalog/grants.ts";
import { formsOf } from "../../../cli/leaks/finder.ts";
import type { SecretStatus } from "../../../cli/status.ts";
import { inspectSecrets } from "../../../runtime/load.ts";
import { createProject, repository, type Project } from "../project.ts";
import { goimg } from "../rotation/command.ts";
import { mayRead, nameOf, reads, roleStatements, secretStatements } from "../stores/awsAccess.ts";
import { fakeAws, startMoto, type MotoServer } from "../stores/motoServer.ts";
import { containers, environmentOf, parseReference, secrets, taskDefinitions, valueOf } from "./cloud.ts";

type Statements = Awaited<ReturnType<typeof roleStatements>>;

const prefix = "goimg-aws";
interface StateResource {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

const version = (generation: number): string => `generation-${String(generation).padStart(21, "0")}`;
const deployed = [
  "api",
  "backup",
  "cache-acl",
  "db-migrate",
  "db-roles",
  "gateway",
  "postgres",
  "redis",
  "s3",
  "worker",
];

describe("the aws stack", () => {
  let moto: MotoServer;
  let project: Project;
  let output = "";

  beforeAll(async () => {
    moto = await startMoto();
    project = await createProject({ stack: "aws", config: { environment: "aws" } });
    const file = path.join(project.place.directory, "Pulumi.yaml");
    const settings = parse(await readFile(file, "utf8")) as { plugins: { providers: unknown[] } };
    settings.plugins.providers.push(fakeAws);
    await writeFile(file, stringify(settings));
    await project.pulumi("config", "set", "aws:region", moto.env["AWS_REGION"] ?? "");
  });

  afterAll(async () => {
    await moto.stop();
    await rm(project.place.directory, { recursive: true, force: true });
  });

  async function run(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await project.pulumiWith(moto.env, ...args);
    output += stdout + stderr;
    expect(exitCode, stdout + stderr).toBe(0);
    return stdout;
  }

  const pack = ["--policy-pack", path.join(repository, "policies")];
  const up = (): Promise<string> => run("up", "--yes", "--skip-preview", ...pack);

  /** One reviewable edit and an update; answers the tasks whose definition it changed. */
  async function rotate(generations: object): Promise<readonly string[]> {
    const before = await taskDefinitions(prefix);
    await project.configure({ generations });
    await up();
    const after = await taskDefinitions(prefix);
    return [...after]
      .filter(([name, { revision }]) => before.get(name)?.revision !== revision)
      .map(([name]) => name)
      .sort();
  }

  test("passes the policies in a preview, which asks AWS for nothing", async () => {
    expect(await run("preview", ...pack)).toContain("Resources:");
    expect(await secrets()).toEqual(new Map());
  });

  test("puts each value into a secret of its own, under the stack's key, as the version that is its generation", async () => {
    await up();
    const found = await secrets();
    const expected = entries.filter(({ consumers, secret }) => {
      return (
        consumers.some((one) => deployed.includes(one)) && !/JWT_SECRET|IPFS|OAUTH|SMTP|CLAMAV|GATEWAY_TLS/.test(secret)
      );
    });
    expect([...found.keys()].sort()).toEqual(expected.map(({ name }) => name).sort());
    const { Aliases: aliases = [] } = await new KMS().listAliases({});
    const key = aliases.find(({ AliasName: name }) => name === `alias/${prefix}`)?.TargetKeyId ?? "no key";
    for (const { entry, Name: name, KmsKeyId: keyId, VersionIdsToStages: versions } of found.values()) {
      expect(name).toMatch(new RegExp(`^goimg/aws/${entry}-`));
      expect(keyId).toContain(key);
      expect(versions).toEqual({ [version(1)]: ["goimg-1", "AWSCURRENT"] });
    }
  });

  test("names exact versions in each task definition, and runs it hardened", async () => {
    const found = await secrets();
    const running = containers(await taskDefinitions(prefix));
    expect([...running.keys()].sort()).toEqual(deployed);
    for (const [service, { container, task }] of running) {
      const granted = entries.filter(
        ({ consumers, name }) => found.has(name) && consumers.some((one) => one === service),
      );
      expect(container.secrets?.map(({ name, valueFrom }) => [name, valueFrom]) ?? [], service).toEqual(
        granted.map(({ name }) => [name, `${found.get(name)?.ARN ?? ""}:::${version(1)}`]).sort(),
      );
      expect(container).toMatchObject({
        readonlyRootFilesystem: true,
        linuxParameters: { capabilities: { drop: ["ALL"] } },
      });
      expect(container.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
      expect(container.logConfiguration?.options?.["awslogs-group"]).toMatch(/^\/goimg\/aws\//);
      expect(task).toMatchObject({ networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"] });
    }
  });

  test("starts every service that reads: its runtime finds nothing wrong with what ECS would hand it", async () => {
    const running = containers(await taskDefinitions(prefix));
    const readers = [...running].filter(([, { container }]) => (container.secrets ?? []).length > 0);
    expect(readers.map(([service]) => service).sort()).toEqual([
      "api",
      "backup",
      "cache-acl",
      "db-migrate",
      "db-roles",
      "s3",
      "worker",
    ]);
    for (const [service, { container, task }] of readers) {
      const { findings, values } = await inspectSecrets({ service, env: await environmentOf(task, container) });
      expect(findings, service).toEqual([]);
      expect(values.size, service).toBeGreaterThan(0);
    }
  });

  test("lets each task's role read its own versions alone, and refuses everybody else", async () => {
    const found = [...(await secrets()).values()];
    const onSecrets = await Promise.all(
      found.map(async ({ entry, ARN: arn = "" }) => ({ entry, arn, policy: await secretStatements(arn) })),
    );
    for (const task of (await taskDefinitions(prefix)).values()) {
      const mates = (task.containerDefinitions ?? []).map(({ name }) => name);
      const [execution, own] = [task.executionRoleArn ?? "", task.taskRoleArn ?? ""];
      const [starts, runs] = await Promise.all([execution, own].map((arn) => roleStatements(nameOf(arn))));
      for (const { entry, arn, policy } of onSecrets) {
        const consumers: readonly string[] = entries.find(({ name }) => name === entry)?.consumers ?? [];
        const expected = consumers.some((one) => mates.includes(one));
        const ask = (roleArn: string, statements: Statements, generation: number): boolean =>
          reads([...statements, ...policy], { roleArn, secretArn: arn, versionId: version(generation) });
        expect(ask(execution, starts ?? [], 1), `${task.family ?? ""} ${entry}`).toBe(expected);
        expect(ask(execution, starts ?? [], 2), `${task.family ?? ""} ${entry}`).toBe(false);
        expect(ask(own, runs ?? [], 1), `${task.family ?? ""} ${entry}`).toBe(false);
        // Whatever a role's own policies say: only consumers pass the secret's.
        const everything = [{ Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: arn }] as const;
        expect(ask(execution, everything, 1), `${task.family ?? ""} ${entry}`).toBe(expected);
        expect(ask("arn:aws:iam::123456789012:role/admin", everything, 1)).toBe(false);
      }
      const wild = [...(starts ?? []), ...(runs ?? [])]
        .flatMap(({ Resource }) => Resource)
        .filter((one) => one.includes("*"));
      for (const one of wild) expect(one).toMatch(/:log-group:\/goimg\/aws\/[a-z0-9-]+:\*$/);
    }
  });

  test("runs services behind the circuit breaker, and jobs once to their end", async () => {
    const ecs = new ECS();
    const [cluster = ""] = (await ecs.listClusters({})).clusterArns ?? [];
    const { services = [] } = await ecs.describeServices({
      cluster,
      services: (await ecs.listServices({ cluster })).serviceArns,
    });
    expect(services.map(({ taskDefinition }) => taskDefinition?.split("/").at(-1)).sort()).toEqual(
      ["api", "gateway", "postgres", "redis", "s3", "worker"].map((name) => `${prefix}-${name}:1`),
    );
    // moto keeps no circuit breaker: what the provider was asked for.
    const state = JSON.parse(await run("stack", "export")) as { deployment: { resources: StateResource[] } };
    const asked = state.deployment.resources.filter(({ type }) => type === "aws:ecs/service:Service");
    expect(asked.map(({ inputs }) => inputs["deploymentCircuitBreaker"])).toEqual(
      services.map(() => expect.objectContaining({ enable: true, rollback: true }) as unknown),
    );
    const arns = (await ecs.listTasks({ cluster, desiredStatus: "RUNNING" })).taskArns ?? [];
    const { tasks = [] } = await ecs.describeTasks({ cluster, tasks: arns });
    expect(tasks.map(({ taskDefinitionArn: arn, lastStatus }) => [arn?.split("/").at(-1), lastStatus]).sort()).toEqual([
      [`${prefix}-cache-acl:1`, "STOPPED"],
      [`${prefix}-db-migrate:1`, "STOPPED"],
    ]);
  });

  test("rotates by three edits, each of which changes the tasks that it concerns and no other", async () => {
    const redis = async () => (await secrets()).get("REDIS_PASSWORD");
    const arn = (await redis())?.ARN ?? "";
    const roleOf = async (name: string) => (await taskDefinitions(prefix)).get(name)?.executionRoleArn ?? "";
    expect(await rotate({ REDIS_PASSWORD: { live: [1, 2], active: 1 } })).toEqual(["cache-acl"]);
    expect((await redis())?.VersionIdsToStages).toEqual({
      [version(1)]: ["goimg-1", "AWSCURRENT"],
      [version(2)]: ["goimg-2"],
    });

    expect(await rotate({ REDIS_PASSWORD: { live: [1, 2], active: 2 } })).toEqual(["api"]);
    const promoted = (await redis())?.VersionIdsToStages ?? {};
    expect(promoted[version(1)]?.sort()).toEqual(["AWSPREVIOUS", "goimg-1"]);
    expect(promoted[version(2)]?.sort()).toEqual(["AWSCURRENT", "goimg-2"]);
    const api = containers(await taskDefinitions(prefix)).get("api")?.container.secrets ?? [];
    const reference = api.find(({ name }) => name === "REDIS_PASSWORD")?.valueFrom ?? "";
    expect(parseReference(reference)).toEqual({ arn, version: version(2) });

    expect(await rotate({ REDIS_PASSWORD: { live: [2], active: 2 } })).toEqual(["cache-acl"]);
    // moto still names a version without a label; AWS does not.
    expect((await redis())?.VersionIdsToStages).toEqual({ [version(1)]: [], [version(2)]: ["goimg-2", "AWSCURRENT"] });
    for (const name of ["api", "cache-acl"]) {
      expect(await mayRead(await roleOf(name), arn, version(1))).toBe(false);
      expect(await mayRead(await roleOf(name), arn, version(2))).toBe(true);
    }
  });

  test("is shown by status as the state knows it, with what a month costs", async () => {
    const { exitCode, stdout, stderr } = await goimg(project, ["status", "--json"]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    const all = JSON.parse(stdout) as readonly SecretStatus[];
    expect(all.flatMap(({ unsettled }) => unsettled)).toEqual([]);
    const redis = all.find(({ secret }) => secret === "REDIS_PASSWORD");
    expect(redis?.generations.map(({ generation, phase, ageDays }) => [generation, phase, ageDays])).toEqual([
      [2, "active", 0],
    ]);
    expect(redis?.consumers.map(({ service, tasks: [task] }) => [service, task?.live, task?.active]).sort()).toEqual([
      ["api", [2], 2],
      ["cache-acl", [2], 2],
    ]);
    const price = (await secrets()).size * 0.4 + 1;
    expect(redis?.pricePerMonth?.secret).toBe(0.4);
    expect(redis?.pricePerMonth?.stack).toBeCloseTo(price, 6);
    expect((await run("stack", "output", "pricePerMonth")).trim()).toMatch(`$${price.toFixed(2)} for `);
    const table = await goimg(project, ["status"]);
    expect(table.stdout).toContain(`price per month: $${price.toFixed(2)}\n`);
    const refused = await goimg(project, ["rotate", "REDIS_PASSWORD"]);
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining("can't be used on aws")]);
  });

  test("holds no value anywhere but in Secrets Manager", async () => {
    const found = [...(await secrets()).values()].filter(({ entry }) => entry !== "JWT_PUBLIC_KEY");
    const values = await Promise.all(
      found.flatMap(({ entry, ARN: arn = "", VersionIdsToStages: versions = {} }) =>
        Object.keys(versions).map(async (one) => ({ entry, value: await valueOf(arn, one) })),
      ),
    );
    const below = await readdir(project.state, { recursive: true, withFileTypes: true });
    const files = below
      .filter((one) => one.isFile())
      .map((one) => readFile(path.join(one.parentPath, one.name), "latin1"));
    const definitions = await taskDefinitions(prefix);
    const policies = await Promise.all(found.map(({ ARN: arn = "" }) => secretStatements(arn)));
    const texts = {
      output,
      state: (await Promise.all(files)).join("\n"),
      tasks: JSON.stringify([...definitions]),
      tags: JSON.stringify([found, policies]),
      requests: moto.logs(),
    };
    expect(texts.state).toContain("REDIS_PASSWORD-g2");
    expect(texts.tasks).toContain("SECRETS_MANIFEST");
    const leaks = values.flatMap(({ entry, value }) =>
      formsOf(entry, Buffer.from(value)).flatMap(({ label, bytes }) =>
        Object.entries(texts).flatMap(([where, text]) =>
          text.includes(bytes.toString("latin1")) ? [`${label} in ${where}`] : [],
        ),
      ),
    );
    expect(values).toHaveLength(found.length + 1);
    expect(leaks).toEqual([]);
  });

  test("is taken down to nothing but what can be restored", async () => {
    await run("destroy", "--yes", "--skip-preview");
    expect(await secrets()).toEqual(new Map());
    const ecs = new ECS();
    expect((await ecs.listTaskDefinitions({ status: "ACTIVE" })).taskDefinitionArns).toEqual([]);
  });
});
