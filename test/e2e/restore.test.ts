/** A backup of the running stack restores on an engine that never saw it, with a rotation that was half done. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DrillResult } from "../../cli/restore/drill.ts";
import { run, type RunResult } from "../../toolchain/process.ts";
import { repository } from "./project.ts";
import { sharedStack } from "./swarm.ts";

const project = sharedStack();

/** The operator's command, where `env` is all that it has beside the machine's own settings. */
function command(args: readonly string[], env: Readonly<Record<string, string>>): Promise<RunResult> {
  const own = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:PULUMI_|GOIMG_(?!CACHE)|DOCKER_)/.test(name)),
  );
  return run(process.execPath, [path.join(repository, "cli", "main.ts"), ...args], { env: { ...own, ...env } });
}

describe("a backup", () => {
  let folder: string;
  let identity: string;
  let backup: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "goimg-restore-"));
    const key = await generateX25519Identity();
    identity = path.join(folder, "identity.txt");
    await writeFile(identity, `${key}\n`, { mode: 0o600 });
    await project.configure({ generations: { DB_PASSWORD: { live: [1, 2], active: 1 } } });
    const published = await project.up();
    expect(published.exitCode, published.stderr).toBe(0);
    const args = ["backup", "--stack", project.stack, "--to", folder, "--recipient", await identityToRecipient(key)];
    const { env, directory } = project.place;
    const audit = path.join(directory, "audit");
    const made = await command(args, { ...env, GOIMG_PROJECT: directory, GOIMG_AUDIT: audit });
    expect(made.exitCode, made.stderr).toBe(0);
    const name = (await readdir(folder)).find((each) => each.endsWith(".age")) ?? "";
    backup = path.join(folder, name);
  });

  afterAll(async () => {
    await project.configure({ generations: { DB_PASSWORD: { live: [1], active: 1 } } });
    const retired = await project.up();
    await rm(folder, { recursive: true, force: true });
    expect(retired.exitCode, retired.stderr).toBe(0);
  });

  it("restores: every service is healthy, every login works, and the rotation goes on", async () => {
    const { exitCode, stdout, stderr } = await command(["drill", backup, "--identity", identity, "--json"], {});
    const result = JSON.parse(stdout) as DrillResult;
    expect(
      result.steps.filter(({ ok }) => !ok),
      stderr,
    ).toEqual([]);
    expect(result.steps.map(({ step }) => step)).toEqual([
      "the backup opens and is whole",
      "an empty engine runs",
      "state and config are restored",
      "every service is healthy",
      "every login works",
      "the rotation of DB_PASSWORD goes on",
      "every login works after it",
      "the engine is gone again",
    ]);
    expect(result.restores).toBe(true);
    expect(exitCode).toBe(0);
    process.stdout.write(
      `the drill took ${result.seconds} s: ${result.steps.map(({ step, seconds }) => `${step} ${seconds} s`).join(", ")}\n`,
    );
  });

  it("does not restore when a byte of it was changed: the drill says no, before it starts an engine", async () => {
    const bytes = await readFile(backup);
    bytes[bytes.length - 10] = (bytes[bytes.length - 10] ?? 0) ^ 1;
    const damaged = path.join(folder, "damaged.age");
    await writeFile(damaged, bytes);
    const { exitCode, stdout } = await command(["drill", damaged, "--identity", identity, "--json"], {});
    const { restores, steps } = JSON.parse(stdout) as DrillResult;
    expect({ exitCode, restores, steps: steps.map(({ step, ok }) => [step, ok]) }).toEqual({
      exitCode: 1,
      restores: false,
      steps: [["the backup opens and is whole", false]],
    });
  });
});
