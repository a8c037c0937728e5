import { describe, expect, test } from "vitest";
import { detect, detectTree } from "../../../policies/detect/index.ts";

const length = 1_000_000;
const repeated = (text: string): string => text.repeat(Math.ceil(length / text.length)).slice(0, length);

/** Texts that make a backtracking pattern explode, one for each shape the detector looks at. */
const hostile = [
  "a",
  " ",
  "=",
  "a=b ",
  "password=",
  "http://",
  "http://a:",
  "a:b@",
  "${",
  "${A:-",
  '{{ default "',
  '"',
  "-p ",
  "\n",
  "password: \n",
  "QUJD",
  "ey.",
  "eyJhbGciOi",
  "[",
  "Basic ",
  "Bearer a",
  "a_",
  "-----BEGIN A ",
  "ghp_",
  "sk-",
  "SG.",
  "{{",
  "$(",
  "/a",
  '"a": ',
  "identified by ",
  "x-a",
  "1",
  "$2y$",
];

describe("a value of a megabyte", () => {
  test.each(hostile)("made of %j is judged in a few seconds", { timeout: 30_000 }, (text) => {
    const started = performance.now();
    for (const name of ["X", "WEBHOOK_URL", "AUTH"]) detect(name, repeated(text));
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  test("a secret at its end, or over the seam of two windows, is found", () => {
    const token = ["ghp_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"].join("");
    expect(detect("NOTES", `${repeated("lorem ipsum ")} ${token}`)?.rule).toBe("vendor-token/github-token");
    expect(detect("NOTES", `${repeated("lorem ipsum ").slice(0, 65_530)} ${token} ${repeated("dolor ")}`)?.rule).toBe(
      "vendor-token/github-token",
    );
  });
});

describe("a tree", () => {
  test("of 100,000 levels is walked to its end", () => {
    let tree: unknown = { DB_PASSWORD: "hunter2" };
    for (let level = 0; level < 100_000; level++) tree = { a: tree };
    expect(detectTree(tree)).toHaveLength(1);
  });

  test("with a cycle is walked once", () => {
    const tree: Record<string, unknown> = { DB_PASSWORD: "hunter2" };
    tree["self"] = tree;
    expect(detectTree(tree).map(({ path }) => path)).toEqual(["DB_PASSWORD"]);
  });

  test("whose getter throws is walked past it", () => {
    const tree = {
      get broken(): string {
        throw new Error("no");
      },
      DB_PASSWORD: "hunter2",
    };
    expect(detectTree(tree).map(({ path }) => path)).toEqual(["DB_PASSWORD"]);
  });

  test("whose property name is a token has it masked in the path", () => {
    const token = ["ghp_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"].join("");
    expect(detectTree({ [token]: { DB_PASSWORD: "hunter2" } }).map(({ path }) => path)).toEqual([
      "[masked].DB_PASSWORD",
    ]);
  });
});
