/** The last line of `make test`: what is counted, and that silence is never a success. */
import path from "node:path";
import { describe, expect, it } from "vitest";
import { settle, tallyGo, tallyVitest } from "../../runner/tally.ts";

const file = (status: string, tests: readonly string[]): object => ({
  name: path.resolve("test/a.test.ts"),
  status,
  message: "it does not load",
  assertionResults: tests.map((one) => ({
    fullName: `is ${one}`,
    status: one,
    failureMessages: one === "failed" ? ["Error: it broke\n\n    at here"] : [],
  })),
});
const report = (success: boolean, ...testResults: readonly object[]): string =>
  JSON.stringify({ success, testResults });

describe("a report of vitest", () => {
  const told = (status: string): string => `test/a.test.ts > is ${status}\n    ${status}`;
  const broke = "test/a.test.ts > is failed\n    Error: it broke\n        at here";
  const ended = "ended with 1, and no test that failed";

  it.each([
    ["passed tests", report(true, file("passed", ["passed", "passed"])), { passed: 2, failed: [] }],
    ["failed ones", report(false, file("failed", ["passed", "failed"])), { passed: 1, failed: [broke] }],
    [
      "skipped ones as failed",
      report(true, file("passed", ["passed", "skipped", "todo"])),
      { passed: 1, failed: [told("skipped"), told("todo")] },
    ],
    [
      "a file that did not load",
      report(false, file("failed", []), file("passed", ["passed"])),
      { passed: 1, failed: ["test/a.test.ts\n    it does not load"] },
    ],
    [
      "a run that failed without a test that did",
      report(false, file("passed", ["passed"])),
      { passed: 1, failed: [ended] },
    ],
    ["a run of nothing", report(true), { passed: 0, failed: ["no test ran"] }],
  ])("counts %s, and tells what failed", (_what, json, tally) => {
    expect(tallyVitest(json)).toEqual(tally);
  });
});

describe("a long message", () => {
  it("is told from its first error on", () => {
    const message = [
      "AssertionError: expected 255 to be 0",
      ...Array.from({ length: 20 }, () => "@ updating"),
      "error: why",
      "more",
    ];
    const test = { fullName: "up", status: "failed", failureMessages: [message.join("\n")] };
    const testResults = [{ name: `${process.cwd()}/test/a.test.ts`, status: "failed", assertionResults: [test] }];
    const { failed } = tallyVitest(JSON.stringify({ success: false, testResults }));
    expect(failed).toEqual(["test/a.test.ts > up\n    AssertionError: expected 255 to be 0\n    error: why\n    more"]);
  });
});

describe("events of go test", () => {
  const event = (Action: string, Package: string, Test?: string): string => JSON.stringify({ Action, Package, Test });

  it("count tests, and packages that did not build", () => {
    const events = [
      event("pass", "a", "TestOne"),
      event("fail", "a", "TestTwo"),
      event("skip", "a", "TestThree"),
      event("fail", "a"),
      event("fail", "b"),
      event("pass", "c"),
      "not an event",
    ];
    expect(tallyGo(events.join("\n"))).toEqual({ passed: 1, failed: ["a TestTwo", "a TestThree", "b"] });
  });
});

describe("a part that says nothing", () => {
  it.each([
    [{ passed: 0, failed: [] }, 0, { passed: 0, failed: ["no test ran"] }],
    [{ passed: 3, failed: [] }, 1, { passed: 3, failed: ["ended with 1, and no test that failed"] }],
    [{ passed: 3, failed: ["one", "two"] }, 1, { passed: 3, failed: ["one", "two"] }],
    [{ passed: 3, failed: [] }, 0, { passed: 3, failed: [] }],
  ])("%o with exit code %i is settled", (tally, exitCode, settled) => {
    expect(settle(tally, exitCode)).toEqual(settled);
  });
});
