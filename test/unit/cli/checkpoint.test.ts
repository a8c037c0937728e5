/** The state of a stack survives a disk that is full: the last complete checkpoint comes back. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CheckpointKeeper, forgetKept, restoreCheckpoint } from "../../../cli/recovery/checkpoint.ts";

let root: string;
let file: string;
const place = (): Parameters<typeof restoreCheckpoint>[0] => ({
  backend: `file://${root}`,
  project: "p",
  stack: "dev",
});

/** As pulumi's file backend writes: beside it, then in its place. */
function write(content: string): void {
  fs.writeFileSync(`${file}.partial`, content);
  fs.renameSync(`${file}.partial`, file);
}

const version = (number: number): string => JSON.stringify({ version: 3, checkpoint: { number } });
const read = (): string => fs.readFileSync(file, "utf8");
const keptFolder = (): string => path.join(root, ".pulumi", "goimg-kept", "p", "dev");
async function untilKept(count: number): Promise<void> {
  while (fs.readdirSync(keptFolder()).length < count) await sleep(10);
}
const settled = (promise: Promise<void>): Promise<boolean> =>
  Promise.race([promise.then(() => true), sleep(1000).then(() => false)]);

beforeEach(() => {
  root = fs.mkdtempSync(path.join(tmpdir(), "goimg-checkpoint-"));
  file = path.join(root, ".pulumi", "stacks", "p", "dev.json");
  fs.mkdirSync(path.dirname(file), { recursive: true });
  write(version(0));
});
afterEach(() => {
  fs.rmSync(root, { recursive: true });
});

describe("an update", () => {
  it("that ends well leaves its own last checkpoint, and nothing kept", async () => {
    const keeper = CheckpointKeeper.open(place());
    for (let number = 1; number <= 20; number += 1) {
      write(version(number));
      await sleep(2);
    }
    expect(fs.readdirSync(keptFolder()).length).toBeLessThanOrEqual(3);
    expect(keeper?.close()).toBe(false);
    expect(read()).toBe(version(20));
    expect(fs.readdirSync(keptFolder())).toEqual([]);
  });

  it("whose checkpoint is cut off, and its backup too, gets the last complete one back", async () => {
    const keeper = CheckpointKeeper.open(place());
    write(version(1));
    await untilKept(2);
    for (const cut of [version(2).slice(0, 20), version(2).slice(0, 12), ""]) {
      write(cut);
      fs.copyFileSync(file, `${file}.bak`);
    }
    expect(await settled(keeper?.broken ?? Promise.resolve())).toBe(true);
    expect(keeper?.close()).toBe(true);
    expect(read()).toBe(version(1));
  });

  it("is not taken for broken while it goes well", async () => {
    const keeper = CheckpointKeeper.open(place());
    write(version(1));
    expect(await settled(keeper?.broken ?? Promise.resolve())).toBe(false);
    keeper?.close();
  });

  it("that is refused, because another one runs, does not take away what that one keeps", async () => {
    const first = CheckpointKeeper.open(place());
    write(version(1));
    await untilKept(2);
    const second = CheckpointKeeper.open(place());
    expect(second?.close()).toBe(false);
    write("");
    expect(first?.close()).toBe(true);
    expect(read()).toBe(version(1));
  });
});

describe("a state that is cut off", () => {
  const keep = (number: number, content: string): void => {
    fs.mkdirSync(keptFolder(), { recursive: true });
    fs.writeFileSync(path.join(keptFolder(), `1-${number}`), content);
  };

  it("is replaced by the newest complete one that a killed keeper has kept", () => {
    keep(1, version(1));
    keep(2, version(2));
    keep(3, version(3).slice(0, -1));
    fs.writeFileSync(`${file}.bak`, version(0));
    write("{");
    expect(restoreCheckpoint(place())).toBe("restored");
    expect(read()).toBe(version(2));
    forgetKept(place());
    expect(fs.existsSync(keptFolder())).toBe(false);
  });

  it("is replaced by pulumi's backup when nothing was kept", () => {
    fs.writeFileSync(`${file}.bak`, version(7));
    write("{");
    expect(restoreCheckpoint(place())).toBe("restored");
    expect(read()).toBe(version(7));
  });

  it("is said to be lost when there is nothing complete", () => {
    write("{");
    expect(restoreCheckpoint(place())).toBe("lost");
    expect(read()).toBe("{");
  });

  it("is not looked for where it is not on this machine, or where there is none", () => {
    expect(restoreCheckpoint({ ...place(), backend: "s3://bucket" })).toBe("complete");
    expect(CheckpointKeeper.open({ ...place(), backend: "s3://bucket" })).toBeUndefined();
    expect(restoreCheckpoint({ ...place(), stack: "other" })).toBe("complete");
    expect(CheckpointKeeper.open({ ...place(), stack: "other" })).toBeUndefined();
  });
});

describe.each([
  ["zst", zstdCompressSync],
  ["gz", gzipSync],
] as const)("a state that is compressed (%s)", (ending, compress) => {
  const compressed = (number: number): Buffer => compress(version(number));
  const writeCompressed = (content: Buffer): void => {
    fs.writeFileSync(`${file}.partial`, content);
    fs.renameSync(`${file}.partial`, `${file}.${ending}`);
  };

  it("comes back when it is cut off", async () => {
    fs.rmSync(file);
    writeCompressed(compressed(0));
    const keeper = CheckpointKeeper.open(place());
    writeCompressed(compressed(1));
    await untilKept(2);
    writeCompressed(compressed(2).subarray(0, -3));
    expect(await settled(keeper?.broken ?? Promise.resolve())).toBe(true);
    expect(keeper?.close()).toBe(true);
    expect(fs.readFileSync(`${file}.${ending}`)).toEqual(compressed(1));
    expect(fs.existsSync(file)).toBe(false);
  });

  it("comes back plain when the first compressed one is cut off", async () => {
    const keeper = CheckpointKeeper.open(place());
    fs.rmSync(file);
    writeCompressed(compressed(1).subarray(0, -3));
    expect(await settled(keeper?.broken ?? Promise.resolve())).toBe(true);
    expect(keeper?.close()).toBe(true);
    expect(read()).toBe(version(0));
    expect(fs.existsSync(`${file}.${ending}`)).toBe(false);
  });

  it("is taken away when it is cut off beside the plain one, which pulumi keeps until then", () => {
    writeCompressed(compressed(1).subarray(0, -3));
    expect(restoreCheckpoint(place())).toBe("complete");
    expect(read()).toBe(version(0));
    expect(fs.existsSync(`${file}.${ending}`)).toBe(false);
  });
});
