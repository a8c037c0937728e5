/** Each resource's whole life through the real engine: create, no change, update, replace, import, delete. */
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { LocalWorkspace, type Stack, type UpResult } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { docker, dockerOrFail } from "../../../toolchain/docker.ts";
import { runOrFail } from "../../../toolchain/process.ts";
import { repository } from "../project.ts";

interface Outputs {
  readonly names: Readonly<Record<"secret" | "settings" | "network" | "volume" | "service", string>>;
  readonly ids: Readonly<Record<"settings" | "network" | "service", string>>;
  readonly publicKey: string;
  readonly passwordValue: string;
}

const host = process.env["DOCKER_HOST"];
let directory = "";
let image = "";
let stack: Stack;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "goimg-conformance-"));
  await symlink(path.join(repository, "node_modules"), path.join(directory, "node_modules"));
  await cp(path.join(import.meta.dirname, "program.ts"), path.join(directory, "index.ts"));
  await writeFile(path.join(directory, "package.json"), JSON.stringify({ type: "module", dependencies: sdks }));
  const project = {
    name: "conformance",
    main: "index.ts",
    runtime: { name: "nodejs", options: { typescript: false } },
  };
  await writeFile(path.join(directory, "Pulumi.yaml"), JSON.stringify(project));
  await writeFile(path.join(directory, "passphrase"), "of a test", { mode: 0o600 });
  const envVars = {
    PULUMI_BACKEND_URL: `file://${directory}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: path.join(directory, "passphrase"),
  };
  stack = await LocalWorkspace.createOrSelectStack({ stackName: "test", workDir: directory }, { envVars });
  image = await anyImage();
  await stack.setConfig("image", { value: image });
});

const sdks = { "@pulumi/docker": "*", "@pulumi/pulumi": "*", "@pulumi/random": "*", "@pulumi/tls": "*" };

afterAll(async () => {
  await stack.destroy();
  await rm(directory, { recursive: true, force: true });
});

async function up(step: number): Promise<{ result: UpResult; outputs: Outputs; operations: Record<string, string> }> {
  await stack.setConfig("step", { value: String(step) });
  const operations: Record<string, string> = {};
  const result = await stack.up({
    onEvent(event) {
      const { metadata } = event.resOutputsEvent ?? {};
      if (metadata === undefined || metadata.type.startsWith("pulumi:")) return;
      // The parts of a replacement: its end is `replace`.
      if (/^(create|delete)-/.test(metadata.op)) return;
      const name = metadata.urn.split("::conformance-")[1] ?? "";
      operations[name] ??= metadata.op;
    },
  });
  const outputs = Object.fromEntries(
    Object.entries(result.outputs).map(([name, { value }]) => [name, value as unknown]),
  );
  return { result, outputs: outputs as unknown as Outputs, operations };
}

/** An image that the engine has: which one does not matter, as its command is replaced. */
async function anyImage(): Promise<string> {
  const format = ["--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=goimg-secrets/redis"];
  const [first = ""] = (await dockerOrFail(host, ["image", "ls", ...format])).split("\n");
  return first;
}

/** Names of what the engine has of a kind. */
async function inEngine(kind: string): Promise<readonly string[]> {
  return (await dockerOrFail(host, [kind, "ls", "--format", "{{.Name}}"]))
    .split("\n")
    .filter((name) => name.startsWith("conformance-"));
}

const all = (operation: string): Record<string, string> =>
  Object.fromEntries(
    ["password", "key", "secret", "settings", "network", "volume", "service"].map((name) => [name, operation]),
  );

test("creates one of each, under names that Swarm takes", async () => {
  const { outputs, operations } = await up(1);
  expect(operations).toEqual(all("create"));
  for (const name of Object.values(outputs.names)) expect(name).toMatch(/^conformance-[a-z]+-[0-9a-f]{7}$/);
  expect(await inEngine("secret")).toEqual([outputs.names.secret]);
  expect(await inEngine("config")).toEqual([outputs.names.settings]);
  expect(await inEngine("network")).toEqual([outputs.names.network]);
  expect(await inEngine("volume")).toEqual([outputs.names.volume]);
  expect(await inEngine("service")).toEqual([outputs.names.service]);
  expect(outputs.passwordValue).toHaveLength(41);
  expect(outputs.publicKey).toContain("PUBLIC KEY");
});

test("changes nothing when nothing changed, and finds nothing changed in the engine", async () => {
  const { operations } = await up(1);
  expect(operations).toEqual(all("same"));
  const refreshed = await stack.refresh();
  // The network: Swarm adds an option of its own.
  expect(refreshed.summary.resourceChanges).toEqual({ same: 7, update: 1 });
});

test("replaces what cannot be changed before it updates the service that uses it", async () => {
  const before = await up(1);
  const { outputs, operations } = await up(2);
  expect(operations).toEqual({
    ...all("same"),
    password: "replace",
    secret: "replace",
    settings: "replace",
    service: "update",
  });
  expect(outputs.ids.service).toBe(before.outputs.ids.service);
  expect(outputs.ids.settings).not.toBe(before.outputs.ids.settings);
  expect(await inEngine("secret")).toEqual([outputs.names.secret]);
  const replicas = await dockerOrFail(host, [
    "service",
    "inspect",
    outputs.names.service,
    "--format",
    "{{.Spec.Mode.Replicated.Replicas}}",
  ]);
  expect(replicas.trim()).toBe("2");
});

test("replaces keys, networks and volumes too", async () => {
  const before = await up(2);
  const { outputs, operations } = await up(3);
  expect(operations).toMatchObject({ key: "replace", network: "replace", volume: "replace" });
  expect(outputs.publicKey).not.toBe(before.outputs.publicKey);
  expect(await inEngine("network")).toEqual([outputs.names.network]);
  expect(await inEngine("volume")).toEqual([outputs.names.volume]);
});

test("imports each kind that upstream can import", async () => {
  const made = {
    network: ["network", "create", "--driver=overlay", "imported-network"],
    volume: ["volume", "create", "imported-volume"],
    config: ["config", "create", "imported-config", "-"],
    service: ["service", "create", "--quiet", "--detach", "--replicas=0", "--name=imported-service", image],
  };
  const ids = new Map<string, string>();
  try {
    for (const [kind, args] of Object.entries(made))
      ids.set(kind, (await dockerOrFail(host, args, { input: "text" })).trim());
    await importInto("docker:index/network:Network", ids.get("network"));
    await importInto("docker:index/volume:Volume", ids.get("volume"));
    await importInto("docker:index/serviceConfig:ServiceConfig", ids.get("config"));
    await importInto("docker:index/service:Service", ids.get("service"));
    await importInto("random:index/randomPassword:RandomPassword", "a value that is known");
  } finally {
    for (const kind of ["service", "network", "volume", "config"]) await docker(host, [kind, "rm", `imported-${kind}`]);
  }
});

/** Imports into a stack of its own, and forgets it: what was imported is not this project's to delete. */
async function importInto(type: string, id: string | undefined): Promise<void> {
  const [name = ""] = type.split("/").slice(1).join("").split(":").slice(1);
  const options = { cwd: directory, env: { ...process.env, ...stack.workspace.envVars } };
  await runOrFail("pulumi", ["stack", "select", "--create", "import"], options);
  const flags = [
    "--stack=import",
    "--yes",
    "--skip-preview",
    "--protect=false",
    "--generate-code=false",
    "--non-interactive",
  ];
  await runOrFail("pulumi", ["import", type, `imported-${name}`, id ?? "", ...flags], options);
  const state = await runOrFail("pulumi", ["stack", "export", "--stack=import"], options);
  const { deployment } = JSON.parse(state) as { deployment: { resources: { type: string }[] } };
  expect(deployment.resources.map((resource) => resource.type)).toContain(type);
  await runOrFail("pulumi", ["stack", "rm", "import", "--force", "--yes"], options);
}

test("deletes all", async () => {
  const { summary } = await stack.destroy();
  expect(summary.resourceChanges).toEqual({ delete: 8 });
  for (const kind of ["secret", "config", "network", "volume", "service"]) expect(await inEngine(kind)).toEqual([]);
});
