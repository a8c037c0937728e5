import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../../toolchain/process.ts";
import { toolchainEnv } from "../../../toolchain/env.ts";
import { pack, PolicyProject } from "./engine.ts";

const example = path.resolve(import.meta.dirname, "../../../examples/policy-consumer");
const config = JSON.parse(readFileSync(path.join(example, "policy-config.json"), "utf8")) as object;

describe("the example of another project", () => {
  let project: PolicyProject;
  beforeAll(async () => {
    project = await new PolicyProject("test", example).init();
  });
  afterAll(() => {
    project.remove();
  });

  it("passes with its policy config", async () => {
    const answer = await project.preview(config);
    expect(answer.violations).toEqual([]);
    expect(answer.exitCode, answer.output).toBe(0);
  });

  it("needs its exception", async () => {
    const { violations } = await project.preview({});
    expect(violations.map(({ policy, rule }) => `${policy} ${rule}`)).toEqual(["safe-rollout start-first"]);
  });

  it("fails with a password in the environment", async () => {
    project.edit('DATABASE_HOST: "database"', 'DATABASE_PASSWORD: "correct-horse-7"');
    const answer = await project.preview(config);
    expect(answer.exitCode).not.toBe(0);
    expect(answer.violations.map(({ message }) => message.split(" ")[0])).toEqual([
      "taskSpec.containerSpec.env.DATABASE_PASSWORD",
    ]);
  });
});

describe("the check of all stacks", () => {
  it("passes, without Docker, and writes both reports", async () => {
    const directory = new PolicyProject("unused");
    const [json, sarif] = ["report.json", "report.sarif"].map((name) => path.join(directory.directory, name));
    const env = { ...process.env, ...toolchainEnv(), DOCKER_HOST: undefined };
    const { exitCode, stdout, stderr } = await run(
      "node",
      [path.join(pack, "check.ts"), "--stack", "dev", "--json", json ?? "", "--sarif", sarif ?? ""],
      { env },
    );
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/^dev: \d+ resources, 0 mandatory and 0 advisory violations$/m);
    expect(JSON.parse(readFileSync(json ?? "", "utf8"))).toMatchObject({ ok: true, stacks: [{ stack: "dev" }] });
    expect(JSON.parse(readFileSync(sarif ?? "", "utf8"))).toMatchObject({ version: "2.1.0", runs: [{ results: [] }] });
    directory.remove();
  });
});
