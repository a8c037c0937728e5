import { readFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";

/** How a part of the tests ended. */
export interface Tally {
  readonly passed: number;
  /** What failed, each as it is told at the end of a run: where, which test, and why in a few lines. */
  readonly failed: readonly string[];
}

/** What of vitest's JSON report is counted. */
const vitestReport = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
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
  if (failed.length > 0 || (exitCode === 0 && passed > 0)) return { passed, failed };
  return { passed, failed: [exitCode === 0 ? "no test ran" : `ended with ${exitCode}, and no test that failed`] };
}

/** Both tallies as one. */
export function add(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: [...a.failed, ...b.failed] };
}

/** Counts a report of vitest. A test that was skipped or left to do counts as failed, as does a file that did not load. */
export function tallyVitest(json: string): Tally {
  const { testResults, success } = vitestReport.parse(JSON.parse(json));
  let passed = 0;
  const failed: string[] = [];
  for (const { name, status, message = "", assertionResults } of testResults) {
    const file = path.relative(process.cwd(), name);
    const bad = assertionResults.filter((test) => test.status !== "passed");
    passed += assertionResults.length - bad.length;
    for (const test of bad) {
      const why = test.status === "failed" ? (test.failureMessages?.[0] ?? "") : test.status;
      failed.push(`${file} > ${test.fullName}\n${tellingLines(why)}`.trimEnd());
    }
    if (bad.length === 0 && status === "failed") failed.push(`${file}\n${tellingLines(message)}`.trimEnd());
  }
  return settle({ passed, failed }, success ? 0 : 1);
}

/** Counts the events of `go test -json`: tests with their subtests, and packages that did not build. */
export function tallyGo(events: string): Tally {
  const failing = new Set<string>();
  const broken = new Set<string>();
  const failed: string[] = [];
  let passed = 0;
  for (const line of events.split("\n").filter((text) => text.startsWith("{"))) {
    const { Action: action, Package: name = "", Test: test } = goEvent.parse(JSON.parse(line));
    if (test !== undefined) {
      if (action === "pass") passed += 1;
      if (action === "fail" || action === "skip") {
        failed.push(`${name} ${test}`);
        failing.add(name);
      }
    } else if (action === "fail" && !failing.has(name)) broken.add(name);
  }
  return { passed, failed: [...failed, ...broken] };
}

/** Reads a report that a run was to write; undefined when it wrote none. */
export async function readReport(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}

/** How many lines of a message are told again at the end of a run; the whole of it stands above. */
const toldLines = 6;

/** What tells most of a message: its first line, and those from the first error on, which a tool's progress comes before. */
function tellingLines(message: string): string {
  const [first = "", ...rest] = message.split("\n").filter((line) => line.trim() !== "");
  const error = rest.findIndex((line) => /error:/i.test(line));
  return [first, ...rest.slice(Math.max(error, 0))]
    .slice(0, toldLines)
    .map((line) => `    ${line.slice(0, 300)}`)
    .join("\n");
}
