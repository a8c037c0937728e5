import { readFile } from "node:fs/promises";
import * as z from "zod";

/** How a part of the tests ended. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** What of vitest's JSON report is counted. */
const vitestReport = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

/** One line of `go test -json`. */
const goEvent = z.object({ Action: z.string(), Package: z.string().optional(), Test: z.string().optional() });

/**
 * A part that ran nothing, or that ended badly without saying which test failed, counts as one failure: silence is
 * never a success.
 */
export function settle({ passed, failed }: Tally, exitCode: number): Tally {
  const silent = failed === 0 && (exitCode !== 0 || passed === 0);
  return { passed, failed: failed + (silent ? 1 : 0) };
}

/** Counts a report of vitest. A test that was skipped or left to do counts as failed, as does a file that did not load. */
export function tallyVitest(json: string): Tally {
  const { testResults, success } = vitestReport.parse(JSON.parse(json));
  let passed = 0;
  let failed = 0;
  for (const { status, assertionResults } of testResults) {
    const good = assertionResults.filter((test) => test.status === "passed").length;
    const bad = assertionResults.length - good;
    passed += good;
    failed += bad === 0 && status === "failed" ? 1 : bad;
  }
  return settle({ passed, failed }, success ? 0 : 1);
}

/** Counts the events of `go test -json`: tests with their subtests, and packages that did not build. */
export function tallyGo(events: string): Tally {
  const failing = new Set<string>();
  const broken = new Set<string>();
  let passed = 0;
  let failed = 0;
  for (const line of events.split("\n").filter((text) => text.startsWith("{"))) {
    const { Action: action, Package: name = "", Test: test } = goEvent.parse(JSON.parse(line));
    if (test !== undefined) {
      if (action === "pass") passed += 1;
      if (action === "fail" || action === "skip") {
        failed += 1;
        failing.add(name);
      }
    } else if (action === "fail" && !failing.has(name)) broken.add(name);
  }
  return { passed, failed: failed + broken.size };
}

/** Reads a report that a run was to write; undefined when it wrote none. */
export async function readReport(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}
