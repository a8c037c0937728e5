/** What `goimg-secrets export` writes for sops is opened by sops itself, and by nobody else. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { ageTools, sopsTools } from "../../toolchain/goTools.ts";
import { goimg } from "./rotation/command.ts";
import { stateSecrets } from "./stateSecrets.ts";
import { sharedStack } from "./swarm.ts";

const run = promisify(execFile);
const stack = sharedStack();
/** A failed assertion shows what it compared: never a value. */
const digest = (value: string): string => createHash("sha256").update(value).digest("hex");

describe("what is exported for sops", () => {
  let folder: string;
  let file: string;
  let sops: string;

  /** A new age identity's file. */
  async function identity(name: string): Promise<{ readonly file: string; readonly recipient: string }> {
    const key = path.join(folder, name);
    await run(path.join(await ageTools(), "age-keygen"), ["--output", key]);
    const { stdout } = await run(path.join(await ageTools(), "age-keygen"), ["-y", key]);
    return { file: key, recipient: stdout.trim() };
  }
  let mine: Awaited<ReturnType<typeof identity>>;

  async function opened(from: string, key = mine.file): Promise<Readonly<Record<string, string>>> {
    const env = { ...process.env, SOPS_AGE_KEY_FILE: key, HOME: folder, XDG_CONFIG_HOME: folder };
    const { stdout } = await run(sops, ["decrypt", "--output-type", "json", from], { env });
    const values = z.record(z.string(), z.string()).parse(JSON.parse(stdout));
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, digest(value)]));
  }

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "goimg-sops-"));
    file = path.join(folder, "app.sops.yaml");
    sops = path.join(await sopsTools(), "sops");
    mine = await identity("mine");
    const { exitCode, stderr } = await goimg(stack, [
      ...["export", "--format", "sops", "--recipient", mine.recipient, "--out", file],
      ...["--project", stack.place.directory],
    ]);
    expect(exitCode, stderr).toBe(0);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("is opened by sops to the values of the stack", async () => {
    const values = await opened(file);
    const made = await stateSecrets(stack, ["result", "privateKeyPem"]);
    const known = new Set(made.map(({ value }) => digest(value)));
    for (const name of ["DB_PASSWORD", "REDIS_PASSWORD", "JWT_PRIVATE_KEY", "S3_SECRET_KEY"]) {
      expect(known.has(values[name] ?? ""), name).toBe(true);
    }
  });

  it("is refused with another key, and after a change that sops did not make", async () => {
    const other = await identity("other");
    await expect(opened(file, other.file)).rejects.toThrow(/Failed to get the data key|no identity matched/);
    const text = await readFile(file, "utf8");
    const without = path.join(folder, "without.sops.yaml");
    await writeFile(without, text.replace(/^DB_PASSWORD: .*\n/m, ""));
    await expect(opened(without)).rejects.toThrow(/MAC mismatch/);
  });

  it("goes on in sops: its key is changed there", async () => {
    const before = await opened(file);
    const env = { ...process.env, SOPS_AGE_KEY_FILE: mine.file, HOME: folder, XDG_CONFIG_HOME: folder };
    await run(sops, ["rotate", "--in-place", file], { env });
    expect(await opened(file)).toEqual(before);
  });
});
