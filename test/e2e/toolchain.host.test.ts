/** The language host runs programs and policy packs as the official one does, and never outlives the engine. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { run, runOrFail, type RunResult } from "../../toolchain/process.ts";
import { repository } from "./project.ts";

let directory = "";
let env: NodeJS.ProcessEnv = {};

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "goimg-host-"));
  await symlink(path.join(repository, "node_modules"), path.join(directory, "node_modules"));
  await writeFile(
    path.join(directory, "package.json"),
    JSON.stringify({ type: "module", dependencies: { "@pulumi/pulumi": "*" } }),
  );
  env = { ...process.env, PULUMI_BACKEND_URL: `file://${directory}`, PULUMI_CONFIG_PASSPHRASE: "of a test" };
  delete env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  await program("");
  await runOrFail("pulumi", ["stack", "init", "test", "--non-interactive"], { cwd: directory, env });
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function program(source: string, options: Record<string, unknown> = {}): Promise<void> {
  const project = {
    name: "host",
    main: "index.ts",
    runtime: { name: "nodejs", options: { typescript: false, ...options } },
  };
  await writeFile(path.join(directory, "Pulumi.yaml"), JSON.stringify(project));
  await writeFile(path.join(directory, "index.ts"), `import * as pulumi from "@pulumi/pulumi";\n${source}`);
}

async function preview(...flags: readonly string[]): Promise<RunResult> {
  return run("pulumi", ["preview", "--stack=test", "--non-interactive", ...flags], { cwd: directory, env });
}

test("runs TypeScript on the pinned node, with config, secret config and node's own options", async () => {
  await runOrFail("pulumi", ["config", "set", "--secret", "word", "plain", "--stack=test"], { cwd: directory, env });
  await program(
    `const config: pulumi.Config = new pulumi.Config();
     console.log("node", process.version, process.execArgv.join(), pulumi.getProject(), pulumi.getStack());
     export const word: pulumi.Output<string> = config.requireSecret("word");`,
    { nodeargs: "--max-old-space-size=300 --no-deprecation" },
  );
  const { exitCode, stdout } = await preview();
  expect(stdout).toContain(`node v24.21.0 --max-old-space-size=300,--no-deprecation host test`);
  expect(stdout).toMatch(/word\s*: \[secret\]/);
  expect(exitCode).toBe(0);
});

test.each<[string, string, RegExp]>([
  ["throws", `throw new Error("it broke");`, /failed with an unhandled exception.*it broke/s],
  ["says no by itself", `throw new pulumi.RunError("say why");`, /error: say why/],
  ["exits", `process.exit(3);`, /the program exited with code 3/],
  ["is killed", `process.kill(process.pid, "SIGKILL");`, /the program was ended by a signal/],
  ["has a rejection that nobody handles", `void Promise.reject(new Error("unhandled one"));`, /unhandled one/],
])("fails when the program %s, and says so once", async (_, source, message) => {
  await program(source);
  const { exitCode, stdout, stderr } = await preview();
  expect(exitCode).not.toBe(0);
  expect(stdout + stderr).toMatch(message);
  expect(stdout + stderr).not.toMatch(/pulumi-language-nodejs.*exited prematurely/);
});

test("ends at once when it is told to: the engine would wait for five seconds", async () => {
  const host = spawn("pulumi-language-nodejs", ["127.0.0.1:1"], { env, stdio: ["pipe", "pipe", "inherit"] });
  await new Promise((done) => host.stdout.once("data", done));
  const started = performance.now();
  host.kill("SIGINT");
  await new Promise((done) => host.once("exit", done));
  expect(performance.now() - started).toBeLessThan(2000);
});

test("leaves no process when the engine is killed", async () => {
  await program(`console.log("running"); setInterval(() => undefined, 1000); await new Promise(() => undefined);`);
  const engine = spawn("pulumi", ["preview", "--stack=test", "--non-interactive"], {
    cwd: directory,
    env,
    stdio: "ignore",
  });
  await until(2);
  engine.kill("SIGKILL");
  await until(0);
});

test("runs policy packs", async () => {
  const pack = path.join(directory, "pack");
  await mkdir(pack);
  await symlink(path.join(repository, "node_modules"), path.join(pack, "node_modules"));
  await writeFile(
    path.join(pack, "package.json"),
    JSON.stringify({ name: "pack", version: "1.0.0", main: "index.cjs" }),
  );
  await writeFile(path.join(pack, "PulumiPolicy.yaml"), JSON.stringify({ runtime: "nodejs", main: "index.cjs" }));
  await writeFile(
    path.join(pack, "index.cjs"),
    `const { PolicyPack } = require("@pulumi/policy");
     new PolicyPack("pack", { policies: [{
       name: "never", description: "never", enforcementLevel: "mandatory",
       validateResource: (args, report) => { if (args.type.endsWith("RandomPassword")) report("not that one"); },
     }] });`,
  );
  await program(
    `import * as random from "@pulumi/random";
     new random.RandomPassword("word", { length: 32 });`,
  );
  const { exitCode, stdout, stderr } = await preview(`--policy-pack=${pack}`);
  expect(stdout + stderr).toContain("not that one");
  expect(exitCode).not.toBe(0);
  expect(await processes()).toEqual([]);
});

async function until(count: number): Promise<void> {
  const check = async (): Promise<void> => {
    expect(await processes()).toHaveLength(count);
  };
  await vi.waitFor(check, { timeout: 60_000, interval: 50 });
}

/** The host and node of this test's program: both have its folder as their own, or among their arguments. */
async function processes(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of (await readdir("/proc")).filter((each) => /^\d+$/.test(each))) {
    const environment = await readFile(path.join("/proc", entry, "environ"), "utf8").catch(() => "");
    const name = (await readFile(path.join("/proc", entry, "comm"), "utf8").catch(() => "")).trim();
    if (
      environment.includes(`PULUMI_BACKEND_URL=file://${directory}\0`) &&
      name !== "pulumi" &&
      !name.startsWith("pulumi-reso")
    ) {
      found.push(name);
    }
  }
  return found;
}
