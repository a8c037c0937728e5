import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashInputs } from "../../../toolchain/hash.ts";
import { imageTag } from "../../../toolchain/images.ts";

let root = "";
const write = (file: string, text: string): void => {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text);
};
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "goimg-hash-"));
  write("a/one", "1");
  write("a/b/two", "2");
  write("three", "3");
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const hash = (): string => hashInputs(root, ["three", "a"]);

test("does not depend on the order of inputs", () => {
  expect(hashInputs(root, ["a", "three"])).toBe(hash());
  expect(hash()).toMatch(/^[0-9a-f]{64}$/);
});

test.each<[string, () => void]>([
  [
    "a file's content",
    () => {
      write("a/b/two", "two");
    },
  ],
  [
    "a new file",
    () => {
      write("a/b/four", "");
    },
  ],
  [
    "a file's name",
    () => {
      rmSync(path.join(root, "three"));
      write("a/three", "3");
      write("three", "");
    },
  ],
  [
    "whether a file is executable",
    () => {
      chmodSync(path.join(root, "three"), 0o755);
    },
  ],
])("changes with %s", (_, change) => {
  const before = hash();
  change();
  expect(hash()).not.toBe(before);
});

test("does not change with what was built or installed beside the inputs", () => {
  const before = hash();
  write("a/node_modules/x/index.js", "x");
  write("a/dist/bundle.js", "x");
  expect(hash()).toBe(before);
});

test("names images by what they are made of", () => {
  expect(imageTag("app")).toMatch(/^goimg-secrets\/app:[0-9a-f]{12}$/);
  expect(imageTag("app")).not.toBe(imageTag("redis"));
  expect(() => imageTag("nothing")).toThrow(/no image nothing: .*postgres/);
});
