/** Where a stack's commands go: its own machines as the state knows them, or nowhere, and then they say why. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { machinesIn } from "../../../cli/cluster.ts";
import { run } from "../../../toolchain/process.ts";

const main = path.resolve(import.meta.dirname, "../../../cli/main.ts");
const sealed = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const privateKey = { ...sealed, plaintext: JSON.stringify("the operator's key") };
const login = { user: "root", privateKey };
const machine = (name: string) => ({
  host: `${name}.example`,
  address: `10.0.0.${name.length}`,
  hostKey: `ssh-ed25519 ${name}`,
});
const swarm = {
  type: "goimg-cluster:swarm:Swarm",
  inputs: { ...login, managers: [machine("one"), machine("second")] },
};
const node = (name: string, nodeId: string, more = {}) => ({
  type: "goimg-cluster:swarm:Node",
  inputs: { ...login, ...machine(name), role: "worker" },
  outputs: { nodeId },
  ...more,
});
const exported = (...resources: readonly object[]) => ({
  deployment: {
    resources: [{ type: "pulumi:pulumi:Stack" }, ...resources].map((one, index) => ({ urn: `urn:${index}`, ...one })),
  },
});

describe("a state's machines", () => {
  const target = (name: string) => ({
    host: `${name}.example`,
    hostKey: `ssh-ed25519 ${name}`,
    user: "root",
    privateKey: "the operator's key",
  });

  test("are the first manager, and every node by its number, each with the host key that it has to prove", () => {
    const { manager, nodes } = machinesIn(exported(swarm, node("one", "n1"), node("far", "n2")));
    expect(manager).toEqual(target("one"));
    expect(Object.fromEntries(nodes)).toEqual({ n1: target("one"), n2: target("far") });
  });

  test("leave out a node that is about to be deleted, and one that has not joined", () => {
    const { nodes } = machinesIn(
      exported(swarm, node("old", "n1", { delete: true }), node("new", "n2", { outputs: {} })),
    );
    expect([...nodes.keys()]).toEqual([]);
  });

  test("are none before the Swarm is formed, or without the key: the fix is named, the value is not", () => {
    expect(() => machinesIn(exported())).toThrow("no Swarm yet: pulumi up");
    const keyless = { ...swarm, inputs: { ...swarm.inputs, privateKey: { ...sealed, ciphertext: "v1:abc" } } };
    expect(() => machinesIn(exported(keyless))).toThrow("its state has no SSH key for one.example: pulumi up");
  });
});

describe("a command that can't work where the stack runs", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "goimg-place-"));
    for (const environment of ["prod", "aws", "app"]) {
      const text = `config:\n  goimg-secrets:environment: ${environment}\n`;
      await writeFile(path.join(directory, `Pulumi.my-${environment}.yaml`), text);
    }
  });
  afterAll(() => rm(directory, { recursive: true }));

  test.each([
    ["my-prod", ["gate"], "gate can't be used on my-prod: it looks into the containers and files of one machine"],
    ["my-prod", ["report"], "report can't be used on my-prod: it runs the gate"],
    ["my-prod", ["schedule", "install"], "run goimg-secrets rotate --due where the token is"],
    ["my-prod", ["audit", "--rules"], "audit --rules can't be used on my-prod"],
    ["my-prod", ["migrate", "--from", "swarm", "--to", "vault"], "migrate can't be used on my-prod"],
    ["my-aws", ["rotate", "DB_PASSWORD"], "rotate can't be used on my-aws: it knows Swarm alone"],
    ["my-aws", ["rollback", "DB_PASSWORD"], "rollback can't be used on my-aws"],
    ["my-aws", ["revoke", "DB_PASSWORD", "--dry-run"], "revoke can't be used on my-aws"],
    ["my-aws", ["retire", "JWT_SECRET"], "retire can't be used on my-aws"],
    ["my-aws", ["metrics", "--push"], "metrics can't be used on my-aws"],
    ["my-aws", ["audit", "--record"], "audit --record can't be used on my-aws"],
    ["my-app", ["status"], "status can't be used on my-app: App Platform has no engine to ask"],
    ["my-app", ["calendar"], "calendar can't be used on my-app"],
    ["my-app", ["rotate", "JWT_KEY"], "rotate can't be used on my-app"],
    ["my-app", ["gate"], "gate can't be used on my-app"],
  ])("on %s: %j, says why, asks nobody and changes nothing", async (stack, args, why) => {
    // Nobody answers there.
    const env = { ...process.env, GOIMG_PROJECT: directory, GOIMG_AUDIT: directory, DOCKER_HOST: "tcp://127.0.0.1:3" };
    const { exitCode, stdout, stderr } = await run(process.execPath, [main, ...args, "--stack", stack], { env });
    expect([exitCode, stdout, stderr]).toEqual([2, "", expect.stringContaining(why)]);
  });
});
