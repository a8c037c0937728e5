/** The database's copies are encrypted before they leave, and come back as the manual says, with the real age. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageTools } from "../../toolchain/goTools.ts";
import { Client } from "./client.ts";
import { blocksOf, follow, missingFrom } from "./manual.ts";
import { repository } from "./project.ts";
import { goimg } from "./rotation/command.ts";
import { containers } from "./rotation/holders.ts";
import { sharedStack } from "./swarm.ts";

const run = promisify(execFile);
const stack = sharedStack();
const page = path.join(repository, "docs/database-copies.md");
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  const tools = await ageTools();
  const { directory } = stack.place;
  const own = { GOIMG_PROJECT: directory, GOIMG_AUDIT: path.join(directory, "audit") };
  env = { ...process.env, ...stack.place.env, ...own };
  env["PATH"] = `${tools}:${stack.place.env["PATH"] ?? ""}`;
});

afterAll(async () => {
  await stack.configure({ backupRecipients: undefined });
  const { exitCode, stderr } = await stack.up();
  expect(exitCode, stderr).toBe(0);
});

async function inside(service: string, ...command: readonly string[]): Promise<Buffer> {
  const [container] = await containers(stack, service);
  const args = ["exec", container?.Id ?? "none", ...command];
  const { stdout } = await run("docker", args, { env, encoding: "buffer", maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

describe("the database's copies", () => {
  it("are not encrypted where nobody was named, and status says so", async () => {
    const { stdout } = await goimg(stack, ["status"]);
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^copies of the database: not encrypted/);
    const names = (await inside("backup", "goimg-backup", "list")).toString("utf8").trim().split("\n");
    expect(names.at(-1)).toMatch(/^database\/\d{8}T\d{6}Z\.dump$/);
    // pg_dump's own format.
    expect((await inside("backup", "goimg-backup", "get", names.at(-1) ?? "")).subarray(0, 5).toString()).toBe("PGDMP");
  });

  it("are encrypted and brought back by the manual's commands", async () => {
    const user = await Client.register(stack.url);
    for (const { line, commands, shown, output } of await follow(page, stack.place.directory, env)) {
      const where = `${page}:${line}\n${commands}\nprinted:\n${output ?? "nothing: the shell had ended"}`;
      expect(output, where).toBeDefined();
      expect(output, where).not.toContain("(the shell ended here)");
      expect(missingFrom(output ?? "", shown), where).toBeUndefined();
    }
    expect(await user.me()).toMatchObject({ id: user.id });
    const name = (await inside("backup", "goimg-backup", "list")).toString("utf8").trim().split("\n").at(-1) ?? "";
    const copy = await inside("backup", "goimg-backup", "get", name);
    expect(copy.subarray(0, 22).toString("latin1")).toBe("age-encryption.org/v1\n");
    expect(copy.includes("PGDMP") || copy.includes(user.email)).toBe(false);
  });

  it("bring back what was lost", async () => {
    const user = await Client.register(stack.url);
    // A copy that has the user: the service makes one when it starts.
    const [container] = await containers(stack, "backup");
    await stack.docker.getContainer(container?.Id ?? "none").restart();
    const psql = ["psql", "--host=/run/postgresql", "--username=postgres", "--no-password", "--dbname=goimg", "-qtc"];
    await expect
      .poll(() => inside("backup", "goimg-backup", "list").then(String), { timeout: 60_000, interval: 500 })
      .toMatch(/(\.dump\.age\n.*){2}/);
    await inside("postgres", ...psql, `DELETE FROM users WHERE id = '${user.id}'`);
    await expect(user.me()).rejects.toThrow();
    const blocks = blocksOf(await readFile(page, "utf8")).slice(1);
    const script = blocks.map(({ commands }) => commands).join("\n");
    const { stdout } = await run("bash", ["-euo", "pipefail", "-c", script], { cwd: stack.place.directory, env });
    expect(stdout).toContain("it is back");
    expect(await user.me()).toMatchObject({ id: user.id });
  });
});
