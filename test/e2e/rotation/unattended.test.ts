/** Runs without anybody there: they wait for each other and for people, try again, and say when they fail. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readDeclared } from "../../../cli/rotation/declared.ts";
import { fakeServer, type FakeServer } from "../../fakes/http.ts";
import { sharedStack } from "../swarm.ts";
import { goimg, noPauses, start } from "./command.ts";

const stack = sharedStack();
let hook: FakeServer;
let directory: string;
let alertFile: string;

beforeAll(async () => {
  hook = await fakeServer(() => ({ status: 200 }));
  directory = await mkdtemp(path.join(tmpdir(), "goimg-unattended-"));
  alertFile = path.join(directory, "webhook");
  await writeFile(alertFile, hook.url, { mode: 0o600 });
});
afterAll(async () => {
  await hook[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const activeOf = async (secret: "REDIS_PASSWORD" | "REDIS_ADMIN_PASSWORD"): Promise<number> =>
  (await readDeclared(stack.configFile))[secret].active;

it("two runs at once take turns, and the second finds nothing left to do", async () => {
  const before = await activeOf("REDIS_ADMIN_PASSWORD");
  const first = start(stack, ["rotate", "REDIS_ADMIN_PASSWORD", ...noPauses]);
  await first.said(/^publish/);
  const second = start(stack, ["rotate", "--due", ...noPauses]);
  const [one, two] = await Promise.all([first.ended, second.ended]);
  expect(one.exitCode, one.stderr).toBe(0);
  expect(two.exitCode, two.stderr).toBe(0);
  expect(two.stderr).toMatch(/waiting for another run of goimg-secrets/);
  expect(two.stderr).not.toMatch(/^publish/m);
  expect(await readDeclared(stack.configFile)).toMatchObject({
    REDIS_ADMIN_PASSWORD: { live: [before + 1], active: before + 1 },
  });
});

it("a person who runs pulumi up meanwhile is told or waits, and neither loses anything", async () => {
  const before = await activeOf("REDIS_PASSWORD");
  const rotation = start(stack, ["rotate", "REDIS_PASSWORD", ...noPauses]);
  await rotation.said(/^publish/);
  const people = [];
  for (let n = 0; n < 3; n += 1) people.push(await stack.pulumi("up", "--yes", "--skip-preview"));
  const { exitCode, stderr } = await rotation.ended;
  expect(exitCode, stderr).toBe(0);
  for (const { exitCode: code, stdout, stderr: said } of people) {
    if (code !== 0) expect(stdout + said).toMatch(/the stack is currently locked by 1 lock/);
  }
  expect(await readDeclared(stack.configFile)).toMatchObject({
    REDIS_PASSWORD: { live: [before + 1], active: before + 1 },
  });
  const after = await stack.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes");
  expect(after.exitCode, after.stdout + after.stderr).toBe(0);
  expect((await fetch(`${stack.url}/readyz`)).status).toBe(200);
});

it("a run that fails tries again, then tells the webhook, and exits with 1", async () => {
  const audit = path.join(stack.place.directory, "audit", `${stack.stack}.jsonl`);
  const kept = await readFile(audit, "utf8");
  await writeFile(audit, kept.replace('"outcome":"started"', '"outcome":"done"'));
  const result = await goimg(stack, [
    ...["rotate", "--due", "--tries", "3", "--retry-pause", "100ms", "--alert-file", alertFile],
  ]);
  await writeFile(audit, kept);
  expect(result.exitCode).toBe(1);
  expect(result.stderr.match(/trying again in/g)).toHaveLength(2);
  expect(hook.seen.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    expect.objectContaining({
      stack: "dev",
      text: expect.stringMatching(/the audit log .* was changed at line/) as string,
    }),
  ]);
});

it("a run with nothing to do is quiet", async () => {
  const told = hook.seen.length;
  const result = await goimg(stack, ["rotate", "--due", "--alert-file", alertFile]);
  expect([result.exitCode, result.stdout]).toEqual([0, ""]);
  expect(hook.seen.length).toBe(told);
});
