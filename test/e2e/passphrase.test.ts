/** Another passphrase for a real stack's state: what the old one opens afterwards, and that a change which is killed is gone on with. */
import { spawn } from "node:child_process";
import { watch } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { RandomPassword } from "@pulumi/random";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Crypter } from "../../cli/passphrase/crypter.ts";
import { pulumi, pulumiOrFail } from "../../cli/pulumi.ts";
import { toolchainEnv } from "../../toolchain/env.ts";
import { repository } from "./project.ts";
import { keptTexts, keysOf, opened, saltLine } from "./sealed.ts";
import { openInlineStack, type InlineStack } from "./stores/inlineStack.ts";

const oldPassphrase = "of a test";

let inline: InlineStack;
let env: InlineStack["env"];

beforeAll(async () => {
  inline = await openInlineStack(toolchainEnv());
  env = inline.env;
  await inline.stack.setConfig("stores:key", { value: "a third party's", secret: true });
  for (const generation of [1, 2, 3]) await up(generation);
  // Compressed from here on, as Pulumi does on demand: both kinds are in the history.
  await up(4, { PULUMI_DIY_BACKEND_ZSTD: "true" });
  await up(5);
});

afterAll(() => inline.remove());

/** One update that makes other passwords than the one before. */
async function up(generation: number, settings: Readonly<Record<string, string>> = {}): Promise<void> {
  const { workspace } = inline.stack;
  const before = { ...workspace.envVars };
  workspace.envVars = { ...before, ...settings };
  workspace.program = (): Promise<void> => {
    for (const name of ["first", "second"])
      new RandomPassword(name, { length: 32, keepers: { generation: String(generation) } });
    return Promise.resolve();
  };
  await inline.stack.up();
  workspace.envVars = before;
}

const texts = (): ReturnType<typeof keptTexts> => keptTexts(inline.directory);

interface Run {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs the command. With `killAt` it is killed at that change of a file below the project's folder. */
async function change(args: readonly string[] = [], killAt?: number): Promise<Run> {
  const child = spawn(
    process.execPath,
    [path.join(repository, "cli/main.ts"), "passphrase", "change", "--stack", "test", ...args],
    {
      env: { ...process.env, ...env },
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => (output += text.toString("utf8")));
  let changes = 0;
  const watcher = watch(inline.directory, { recursive: true }, (_event, file) => {
    if (file === null || /lock|\.partial$|audit/.test(file)) return;
    changes += 1;
    if (changes === killAt) child.kill("SIGKILL");
  });
  const exitCode = await new Promise<number | null>((done) => child.on("close", done));
  watcher.close();
  return { exitCode, output };
}

async function exported(passphraseFile: string): Promise<{ readonly exitCode: number; readonly stdout: string }> {
  const settings = { ...env, PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile };
  const run = { cwd: inline.directory, env: settings, output: "capture" } as const;
  return pulumi(["stack", "export", "--show-secrets", "--stack", "test"], run);
}

const file = (name: string): string => path.join(inline.directory, name);

describe("passphrase change", () => {
  let oldKeys: readonly Crypter[];
  let plaintexts: readonly string[];
  let state: string;

  test("finds what the old passphrase opens, in a dry run that changes nothing", async () => {
    const before = await texts();
    oldKeys = await keysOf(oldPassphrase, before);
    plaintexts = [...opened(oldKeys, before)].sort();
    state = (await exported(file("passphrase"))).stdout;
    // Five updates of two passwords each, in records, states and copies.
    expect(plaintexts.length).toBeGreaterThan(40);
    expect(plaintexts).toContain("a third party's");
    const { exitCode, output } = await change(["--dry-run", "--json"]);
    const { moved, left } = JSON.parse(output) as { moved: string[]; left: unknown[] };
    expect({ exitCode, left }).toEqual({ exitCode: 0, left: [] });
    const holding = [...before].filter(([, text]) => opened(oldKeys, new Map([["", text]])).length > 0);
    expect([...moved].sort()).toEqual(expect.arrayContaining(holding.map(([name]) => name).sort()));
    expect(await texts()).toEqual(before);
    await expect(stat(file("passphrase.next"))).rejects.toThrow("ENOENT");
  });

  test("killed again and again, leaves the old passphrase where it is, and nothing that neither opens", async () => {
    let kills = 0;
    for (const moment of [2, 3, 5, 8, 13]) {
      if ((await change([], moment)).exitCode === null) kills += 1;
      expect((await readFile(file("passphrase"), "utf8")).trim()).toBe(oldPassphrase);
      // What was being written when it died has not taken its place.
      const found = new Map([...(await texts())].filter(([name]) => !name.endsWith(".partial")));
      const next = await readFile(file("passphrase.next"), "utf8");
      const newKeys = await keysOf(next, found);
      expect([...opened([...oldKeys, ...newKeys], found)].sort()).toEqual(plaintexts);
    }
    expect(kills).toBeGreaterThan(2);
    const found = await texts();
    expect(opened(oldKeys, found).length).toBeLessThan(plaintexts.length);
  });

  test("run to its end, leaves nothing below .pulumi that the old passphrase opens; the new one opens all of it", async () => {
    const { exitCode, output } = await change();
    expect(output).toMatch(/sealed anew: \d+ files; \d+ were already/);
    expect(exitCode).toBe(0);
    const found = await texts();
    expect(opened(oldKeys, found)).toEqual([]);
    expect(await keysOf(oldPassphrase, found)).toEqual([]);
    const next = await readFile(file("passphrase"), "utf8");
    expect([...opened(await keysOf(next, found), found)].sort()).toEqual(plaintexts);
    expect((await stat(file("passphrase"))).mode & 0o777).toBe(0o600);
    expect((await readFile(file("passphrase.old"), "utf8")).trim()).toBe(oldPassphrase);
    expect(output).not.toContain(next);
    const [audit = ""] = [...(await readFile(file("audit/test.jsonl"), "utf8")).trimEnd().split("\n")].slice(-1);
    expect(JSON.parse(audit)).toMatchObject({ action: "change-passphrase", outcome: "done", secret: "all" });
  });

  test("lets the engine go on with the new one, and refuse the old one", async () => {
    const withoutSalt = (text: string): string => text.replaceAll(saltLine, "");
    expect(withoutSalt((await exported(file("passphrase"))).stdout)).toBe(withoutSalt(state));
    expect((await exported(file("passphrase.old"))).exitCode).not.toBe(0);
    const key = await inline.stack.getConfig("stores:key");
    expect(key).toEqual({ value: "a third party's", secret: true });
    const { summary } = await inline.stack.up();
    expect(summary.resourceChanges).toEqual({ same: 3 });
    await up(6);
  });

  test("lets the engine read the oldest state of the history", async () => {
    const folder = file(".pulumi/history/stores/test");
    const [oldest = ""] = (await readdir(folder)).filter((name) => name.endsWith(".checkpoint.json")).sort();
    const { checkpoint } = JSON.parse(await readFile(path.join(folder, oldest), "utf8")) as {
      checkpoint: { latest: object };
    };
    await writeFile(file("oldest.json"), JSON.stringify({ version: 3, deployment: checkpoint.latest }));
    const run = { cwd: inline.directory, env, output: "capture" } as const;
    await pulumiOrFail(["stack", "import", "--stack", "test", "--file", file("oldest.json")], run);
    const { exitCode, stdout } = await exported(file("passphrase"));
    expect(exitCode).toBe(0);
    expect(stdout.match(/"plaintext"/g)?.length).toBeGreaterThan(1);
  });
});
