import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { PolicyProject, type Answer } from "./engine.ts";

const projects: PolicyProject[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

async function projectOf(body: string, stack = "dev"): Promise<PolicyProject> {
  const project = new PolicyProject(stack);
  projects.push(project);
  return project.program(body).init();
}

const found = ({ violations }: Answer) =>
  violations.map(({ policy, rule, level, resource }) => {
    const name = resource.slice(resource.lastIndexOf("::") + 2);
    return `${level} ${policy} [${rule}] ${name}`;
  });

/** A password, its store entry, and a service that mounts it: everything computed from it is unknown in a preview. */
const shop = `
const generated = new random.RandomPassword("DB_PASSWORD-g1", { length: 43, special: false });
const stored = new docker.Secret("DB_PASSWORD-g1", {
  data: generated.result.apply((value) => Buffer.from(value).toString("base64")),
});
const network = new docker.Network("shop", { driver: "overlay", options: { encrypted: "true" } });
new docker.Service("worker", {
  convergeConfig: { delay: "1s" },
  updateConfig: { order: "start-first", failureAction: "rollback" },
  taskSpec: {
    networksAdvanceds: [{ name: network.id }],
    containerSpec: {
      image: "shop:1",
      user: "10001",
      env: { DB_HOST: "db", DB_PASSWORD_FILE: "/run/secrets/DB_PASSWORD", TAG: generated.id },
      healthcheck: { tests: ["CMD", "/health"] },
      secrets: [
        { secretId: stored.id, secretName: stored.name, fileName: "DB_PASSWORD", fileUid: "10001", fileMode: 0o400 },
      ],
    },
  },
});
`;

describe("a preview in which values are still unknown", () => {
  it("passes when nothing is wrong", async () => {
    const answer = await (await projectOf(shop)).preview();
    expect(found(answer)).toEqual([]);
    expect(answer.exitCode, answer.output).toBe(0);
  });

  it.each([
    ["no-plaintext-env", "DB_PASSWORD_FILE: ", 'DB_PASSWORD: "summer2024!", OLD_FILE: ', "[named-secret] worker"],
    ["least-privilege", "fileMode: 0o400", "fileMode: 0o444", "[file-mode] worker"],
    ["least-privilege", 'fileUid: "10001"', 'fileUid: "0"', "[file-owner] worker"],
    ["least-privilege", "options: { encrypted: ", "options: { mtu: ", "[overlay] shop"],
    ["safe-rollout", 'convergeConfig: { delay: "1s" },', "", "[converge] worker"],
    ["safe-rollout", 'failureAction: "rollback"', 'failureAction: "pause"', "[rollback] worker"],
    [
      "safe-rollout",
      "const stored = new docker.Secret(",
      "const stored = secretNamed(",
      "[delete-first] DB_PASSWORD-g1",
    ],
    ["strength", "length: 43", "length: 42", "[password] DB_PASSWORD-g1"],
    ["key-material", "new random.RandomPassword(", "weak(", "[weak-generator] DB_PASSWORD-g1"],
  ])("is refused by %s: %s to %s", async (policy, from, to, expected) => {
    const helpers = `
function weak(name: string, _args: object): { result: pulumi.Output<string>; id: pulumi.Output<string> } {
  const id = new random.RandomId(name, { byteLength: 32 });
  return { result: id.hex, id: id.id };
}
function secretNamed(name: string, args: docker.SecretArgs): docker.Secret {
  return new docker.Secret(name, { ...args, name: "DB_PASSWORD" });
}
void [weak, secretNamed];
`;
    const answer = await (await projectOf(helpers + shop)).edit(from, to).preview();
    expect(found(answer)).toEqual([`mandatory ${policy} ${expected}`]);
    expect(answer.exitCode).not.toBe(0);
    expect(JSON.stringify(answer.violations)).not.toContain("summer2024");
  });

  it("is refused when a service mounts what it was not granted", async () => {
    const answer = await (await projectOf(shop)).edit('docker.Service("worker"', 'docker.Service("redis"').preview();
    expect(found(answer)).toEqual(["mandatory least-privilege [grant] redis"]);
    expect(answer.violations[0]?.message).toMatch(/^redis mounts DB_PASSWORD, which it was not granted/);
  });
});

describe("an update in which values are known", () => {
  const leak = `
const generated = new random.RandomPassword("DB_PASSWORD-g1", { length: 43, special: false });
new random.RandomPet("pet", { prefix: generated.result.apply((value) => value.slice(5, 21)) });
`;

  it("is refused when a value turns up elsewhere, and so is the next preview", async () => {
    const project = await projectOf(leak);
    expect(found(await project.preview())).toEqual([]);
    const expected = ["mandatory no-catalog-value [catalog-value] pet"];
    const updated = await project.up();
    expect(found(updated)).toEqual(expected);
    expect(updated.exitCode).not.toBe(0);
    expect(updated.violations[0]?.message).toMatch(/^prefix holds the value of DB_PASSWORD-g1: /);
    expect(found(await project.preview())).toEqual(expected);
  });

  it("is refused when the stack's outputs hold a value", async () => {
    const project = await projectOf(`
const generated = new random.RandomPassword("DB_PASSWORD-g1", { length: 43, special: false });
export const note = pulumi.interpolate\`the password is \${generated.result}\`;
`);
    expect((await project.up()).exitCode).not.toBe(0);
    expect(found(await project.preview())).toEqual(["mandatory no-catalog-value [catalog-value] shop-dev"]);
  });

  it("knows ages from the state: warns, and blocks production", async () => {
    const source = 'new random.RandomPassword("DB_PASSWORD-g1", { length: 43, special: false });';
    for (const [stack, expected] of [
      ["dev", "advisory age [overdue] DB_PASSWORD-g1"],
      ["prod", "mandatory age [expired] DB_PASSWORD-g1"],
    ] as const) {
      const project = await projectOf(source, stack);
      expect(found(await project.up())).toEqual([]);
      const state = (await project.export()).replace(/"created": "\d{4}/g, '"created": "2020');
      writeFileSync(path.join(project.directory, "old.json"), state);
      const answer = await project.preview({ age: { stateFile: path.join(project.directory, "old.json") } });
      expect(found(answer)).toEqual([expected]);
      expect(answer.exitCode === 0).toBe(stack === "dev");
    }
  });

  it("is refused when the state holds a value in the clear", async () => {
    const project = await projectOf('new random.RandomPassword("DB_PASSWORD-g1", { length: 43, special: false });');
    expect(found(await project.up())).toEqual([]);
    const state = JSON.parse(await project.export()) as {
      deployment: { resources: { outputs?: { result?: unknown } }[] };
    };
    for (const { outputs } of state.deployment.resources)
      if (outputs?.result !== undefined) outputs.result = "in the clear";
    writeFileSync(path.join(project.directory, "plain.json"), JSON.stringify(state));
    const answer = await project.preview({
      "encrypted-state": { stateFile: path.join(project.directory, "plain.json") },
    });
    expect(found(answer)).toEqual(["mandatory encrypted-state [plaintext-state] DB_PASSWORD-g1"]);
  });
});

describe("the policy config", () => {
  const weak = 'new tls.PrivateKey("JWT_KEY-g1", { algorithm: "RSA", rsaBits: 3072 });';
  const exception = { resource: "JWT_KEY-*", rule: "key", reason: "the old API takes no other" };
  const soon = new Date(Date.now() + 7 * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);

  it.each([
    ["an unknown setting", { strength: { minRsaBit: 3072 } }, "the policy strength has no setting minRsaBit"],
    ["a value out of bounds", { strength: { minRsaBits: 1024 } }, "minRsaBits: Must be greater than or equal to 3072"],
    ["a value of another type", { age: { graceDays: "14" } }, "graceDays: Invalid type"],
    ["an unknown enforcement level", { strength: "strict" }, "not a valid enforcement level"],
    [
      "an exception without a reason",
      { strength: { allow: [{ ...exception, reason: undefined, expires: soon }] } },
      "reason is required",
    ],
    ["an exception without an end", { strength: { allow: [exception] } }, "expires is required"],
    [
      "an exception with an unknown field",
      { strength: { allow: [{ ...exception, expires: soon, until: soon }] } },
      "until is not allowed",
    ],
    ["an unknown policy with settings", { strenth: { minRsaBits: 3072 } }, "invalid enforcement level"],
  ])("with %s is an error", async (_what, config, message) => {
    const answer = await (await projectOf(weak)).preview(config);
    expect(answer.exitCode).not.toBe(0);
    expect(answer.output).toContain(message);
  });

  it("changes levels and thresholds, and holds exceptions until their day", async () => {
    const project = await projectOf(weak);
    expect(found(await project.preview())).toEqual(["mandatory strength [key] JWT_KEY-g1"]);
    expect(found(await project.preview({ strength: "advisory" }))).toEqual(["advisory strength [key] JWT_KEY-g1"]);
    expect(found(await project.preview({ strength: "disabled" }))).toEqual([]);
    expect(found(await project.preview({ strength: { minRsaBits: 3072 } }))).toEqual([]);
    expect(found(await project.preview({ strength: { allow: [{ ...exception, expires: soon }] } }))).toEqual([]);
    const expired = await project.preview({ strength: { allow: [{ ...exception, expires: "2026-01-31" }] } });
    expect(found(expired).sort()).toEqual([
      "advisory strength [exception] shop-dev",
      "mandatory strength [key] JWT_KEY-g1",
    ]);
  });
});
