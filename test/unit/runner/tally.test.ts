/** The last line of `make test`: what is counted, and that silence is never a success. */
import { describe, expect, it } from "vitest";
import { settle, tallyGo, tallyVitest } from "../../runner/tally.ts";

const file = (status: string, tests: readonly string[]): object => ({
  status,
  assertionResults: tests.map((one) => ({ status: one })),
});
const report = (success: boolean, ...testResults: readonly object[]): string =>
  JSON.stringify({ success, testResults });

describe("a report of vitest", () => {
  it.each([
    ["passed tests", report(true, file("passed", ["passed", "passed"])), { passed: 2, failed: 0 }],
    ["failed ones", report(false, file("failed", ["passed", "failed"])), { passed: 1, failed: 1 }],
    ["skipped ones as failed", report(true, file("passed", ["passed", "skipped", "todo"])), { passed: 1, failed: 2 }],
    [
      "a file that did not load",
      report(false, file("failed", []), file("passed", ["passed"])),
      { passed: 1, failed: 1 },
    ],
    ["a run that failed without a test that did", report(false, file("passed", ["passed"])), { passed: 1, failed: 1 }],
    ["a run of nothing", report(true), { passed: 0, failed: 1 }],
  ])("counts %s", (_what, json, tally) => {
    expect(tallyVitest(json)).toEqual(tally);
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
    expect(tallyGo(events.join("\n"))).toEqual({ passed: 1, failed: 3 });
  });
});

describe("a part that says nothing", () => {
  it.each([
    [{ passed: 0, failed: 0 }, 0, { passed: 0, failed: 1 }],
    [{ passed: 3, failed: 0 }, 1, { passed: 3, failed: 1 }],
    [{ passed: 3, failed: 2 }, 1, { passed: 3, failed: 2 }],
    [{ passed: 3, failed: 0 }, 0, { passed: 3, failed: 0 }],
  ])("%o with exit code %i is settled", (tally, exitCode, settled) => {
    expect(settle(tally, exitCode)).toEqual(settled);
  });
});
