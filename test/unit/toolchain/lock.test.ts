import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withLock } from "../../../toolchain/lock.ts";
import { projectRoot } from "../../../toolchain/paths.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "goimg-lock-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const file = (): string => path.join(directory, "deep", "a.lock");

test("one at a time", async () => {
  let inside = 0;
  const most: number[] = [];
  const work = async (): Promise<void> => {
    most.push((inside += 1));
    await new Promise((done) => setTimeout(done, 20));
    inside -= 1;
  };
  await Promise.all([1, 2, 3].map(async () => withLock(file(), work)));
  expect(most).toEqual([1, 1, 1]);
});

test("answers what the work answers, and is free after a failure", async () => {
  await expect(withLock(file(), () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await withLock(file(), () => Promise.resolve(7))).toBe(7);
});

test("is free once the process that held it was killed", async () => {
  const program = `
    const { withLock } = await import(${JSON.stringify(path.join(projectRoot, "toolchain", "lock.ts"))});
    await withLock(${JSON.stringify(file())}, async () => { console.log("held"); await new Promise((done) => setTimeout(done, 60_000)); });`;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((done) => holder.stdout.once("data", done));
  const lines: string[] = [];
  const waiting = withLock(
    file(),
    () => Promise.resolve("mine"),
    (line) => lines.push(line),
  );
  await new Promise((done) => setTimeout(done, 800));
  expect(lines.join()).toMatch(/waiting for another run/);
  holder.kill("SIGKILL");
  expect(await waiting).toBe("mine");
});
