/** A state that a team shares in S3, on the stack's own S3 server: locks, an update that dies, and what the bucket holds. */
import { spawn } from "node:child_process";
import { copyFile, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RandomPassword } from "@pulumi/random";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { formsOf, type Needle } from "../../cli/leaks/finder.ts";
import { pulumi, pulumiOrFail, type PulumiResult } from "../../cli/pulumi.ts";
import { recover } from "../../cli/recover.ts";
import { locks, releaseStale, type LockPlace } from "../../cli/recovery/locks.ts";
import { openState } from "../../cli/state/files.ts";
import { toolchainEnv } from "../../toolchain/env.ts";
import { repository } from "./project.ts";
import { startS3, type S3Server } from "./s3Server.ts";
import { openInlineStack, type InlineStack } from "./stores/inlineStack.ts";
import { eventually } from "./swarm.ts";

let server: S3Server;
let place: LockPlace;
/** Two operators, each in a checkout of his own. */
let one: InlineStack;
let two: InlineStack;
let env: Record<string, string>;

beforeAll(async () => {
  server = await startS3();
  for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value);
  const backend = `s3://${server.bucket}/team?region=us-east-1&endpoint=${server.endpoint}&s3ForcePathStyle=true`;
  place = { backend, project: "stores", stack: "test" };
  env = { ...toolchainEnv(), ...server.env };
  one = await openInlineStack(env, [], backend);
  two = await openInlineStack(env, [], backend);
  // As git brings it.
  await copyFile(configOf(one), configOf(two));
  env = { ...env, PULUMI_BACKEND_URL: backend, PULUMI_CONFIG_PASSPHRASE_FILE: path.join(one.directory, "passphrase") };
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all([one.remove(), two.remove()]);
  await server.stop();
});

const configOf = ({ directory }: InlineStack): string => path.join(directory, "Pulumi.test.yaml");

/** An update to that generation of two passwords. `hold` keeps it running, and so its lock, for that long. */
async function up({ stack }: InlineStack, generation: number, hold: Promise<unknown> = Promise.resolve()) {
  stack.workspace.program = async () => {
    for (const name of ["first", "second"])
      new RandomPassword(name, { length: 32, keepers: { generation: String(generation) } });
    await hold;
  };
  const { summary } = await stack.up();
  return summary.resourceChanges;
}

/** As {@link up}, tried again while somebody else is at it. Answers how often it was refused. */
async function upAtLast(operator: InlineStack, generation: number): Promise<number> {
  for (let refused = 0; ; refused += 1) {
    try {
      await up(operator, generation);
      return refused;
    } catch (error) {
      expect(String(error)).toContain("the stack is currently locked by");
      await sleep(200 + 300 * Math.random());
    }
  }
}

async function run(...args: readonly string[]): Promise<PulumiResult> {
  return pulumi([...args, "--stack", "test"], { cwd: one.directory, env, output: "capture" });
}

/** The passwords that the state holds, in the clear, sorted: the engine writes down what is made at once in any order. */
async function passwords(): Promise<readonly string[]> {
  const { stdout } = await pulumiOrFail(["stack", "export", "--show-secrets", "--stack", "test"], {
    cwd: one.directory,
    env,
    output: "capture",
  });
  const found = [...stdout.matchAll(/"result": \{[^}]*"plaintext": "\\"(.*?)\\""/g)].map(([, text = ""]) => text);
  expect(found).toHaveLength(2);
  return found.map((text) => JSON.parse(JSON.parse(`"\\"${text}\\""`) as string) as string).sort();
}

async function mended(): Promise<readonly string[]> {
  const lines: string[] = [];
  await recover({ stack: "test", env, cwd: one.directory, report: (line) => lines.push(line) });
  return lines;
}

/** An update of the first operator that is under way until `release` is called. */
async function underWay(generation: number) {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const update = up(one, generation, promise).then(
    () => "done",
    (error: unknown) => String(error),
  );
  const held = await eventually(
    () => locks(place),
    (found) => found.length > 0,
  );
  return {
    lock: held[0],
    update,
    release: () => {
      resolve(undefined);
    },
  };
}

describe("two operators at once", () => {
  test("one is told who holds the stack, and goes on when that one has ended", async () => {
    const { lock, update, release } = await underWay(1);
    expect(lock).toMatchObject({ hostname: hostname() });
    const refusal = await up(two, 1).catch(String);
    expect(refusal).toContain("the stack is currently locked by 1 lock(s)");
    expect(refusal).toContain(`(pid ${lock?.pid})`);
    await expect(releaseStale(place, hostname())).rejects.toThrow(/another update of the stack test is running/);
    release();
    expect(await update).toBe("done");
    expect(await locks(place)).toEqual([]);
    const before = await passwords();
    expect(await up(two, 1)).toEqual({ same: 3 });
    expect(await passwords()).toEqual(before);
  });

  test("that begin at the same moment, again and again, lose nothing of each other's", async () => {
    const records = async (): Promise<number> =>
      [...(await server.objects()).keys()].filter((key) => key.endsWith(".history.json")).length;
    const before = await records();
    let refused = 0;
    for (const generation of [2, 3, 4]) {
      const [a, b] = await Promise.all([upAtLast(one, generation), upAtLast(two, generation)]);
      refused += a + b;
      // Whoever came second found the first one's passwords, and made none.
      expect(await up(two, generation)).toEqual({ same: 3 });
    }
    expect(refused).toBeGreaterThan(0);
    expect(await records()).toBe(before + 9);
    expect(await locks(place)).toEqual([]);
  });
});

describe("an update that was killed", () => {
  test("leaves a lock that is in the others' way, and that recovery releases", async () => {
    const { lock, update } = await underWay(5);
    process.kill(lock?.pid ?? 0, "SIGKILL");
    expect(await update).not.toBe("done");
    expect(await locks(place)).toHaveLength(1);
    expect(await up(two, 5).catch(String)).toContain("the stack is currently locked");
    expect(await mended()).toContain(`an earlier update of test died (process ${lock?.pid}): mending what it left`);
    expect(await locks(place)).toEqual([]);
    await up(two, 5);
    expect(await up(one, 5)).toEqual({ same: 3 });
  });

  test("on a machine that is gone, is left alone, with the command that ends it", async () => {
    const { lock, update } = await underWay(6);
    process.kill(lock?.pid ?? 0, "SIGKILL");
    await update;
    const files = await openState(place.backend, process.env);
    const elsewhere = { ...lock, hostname: "a-machine-that-is-gone", key: undefined };
    await files?.write(lock?.key ?? "", Buffer.from(JSON.stringify(elsewhere)));
    await expect(mended()).rejects.toThrow(
      /locked by .*@a-machine-that-is-gone .*if that machine is gone, run: pulumi cancel --stack test$/,
    );
    expect(await locks(place)).toHaveLength(1);
    expect((await run("cancel", "--yes")).exitCode).toBe(0);
    // What the update had begun is mended still; the lock is gone already.
    for (const line of await mended()) expect(line).toMatch(/^it was interrupted while creating /);
    await up(two, 6);
  });
});

describe("the bucket", () => {
  const needles = async (): Promise<readonly Needle[]> =>
    (await passwords()).flatMap((value, index) => formsOf(`password ${index}`, Buffer.from(value)));

  async function found(): Promise<readonly string[]> {
    const objects = await server.objects();
    expect([...objects.keys()]).toContain("team/.pulumi/stacks/stores/test.json");
    const looked = await needles();
    return [...objects].flatMap(([key, content]) =>
      looked.filter(({ bytes }) => content.includes(bytes)).map(({ label }) => `${key}: ${label}`),
    );
  }

  test("holds no value in the clear", async () => {
    expect(await found()).toEqual([]);
    // The search finds what is there.
    const [value = ""] = await passwords();
    const files = await openState(place.backend, process.env);
    await files?.write("goimg-kept/stores/test/planted", Buffer.from(value));
    expect(await found()).toEqual(["team/.pulumi/goimg-kept/stores/test/planted: password 0 (raw)"]);
    await files?.remove("goimg-kept/stores/test/planted");
  });

  test("is sealed with a new passphrase as a folder is", async () => {
    const before = await passwords();
    const child = spawn(
      process.execPath,
      [path.join(repository, "cli/main.ts"), "passphrase", "change", "--stack", "test"],
      {
        env: { ...process.env, ...env, GOIMG_PROJECT: one.directory, GOIMG_AUDIT: path.join(one.directory, "audit") },
      },
    );
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text: Buffer) => (output += text.toString("utf8")));
    expect({ exitCode: await new Promise((done) => child.on("close", done)), output }).toMatchObject({ exitCode: 0 });
    expect(await readFile(path.join(one.directory, "passphrase.old"), "utf8")).toBe("of a test");
    expect(await passwords()).toEqual(before);
    // The second operator has the old passphrase, and the config of before.
    expect(await up(two, 6).catch(String)).toContain("incorrect passphrase");
    await copyFile(configOf(one), configOf(two));
    await copyFile(path.join(one.directory, "passphrase"), path.join(two.directory, "passphrase"));
    expect(await up(two, 6)).toEqual({ same: 3 });
  });
});
