import { globSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Child, ChildOptions } from "./processes.ts";
import { add, readReport, settle, tallyGo, tallyVitest, type Tally } from "./tally.ts";

/** What a part runs with. `start` lets the run interrupt the child that is running. */
export interface PartContext {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** Command and arguments that come before the e2e tests' own, to enter the test engine's network. */
  readonly enter: readonly string[];
  /** What the caller wants of vitest beside the part: files, `-t` patterns. */
  readonly filters: readonly string[];
  readonly start: (command: string, args: readonly string[], options: ChildOptions) => Child;
}

/** Types, lint and format: one test. */
export async function check({ root, env, start }: PartContext): Promise<Tally> {
  const exitCode = await start("npm", ["run", "--silent", "check"], { cwd: root, env }).ended;
  return exitCode === 0 ? { passed: 1, failed: [] } : { passed: 0, failed: ["npm run check"] };
}

/** A project of vitest. Its report is written to a new place, so that an earlier run's is never counted. */
export async function vitest(
  project: "unit" | "e2e" | "prod" | "kernel" | "fault" | "rotation-faults",
  context: PartContext,
): Promise<Tally> {
  const { root, env, start, filters } = context;
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-report-"));
  try {
    const report = path.join(directory, "report.json");
    const node = [process.execPath, path.join(root, "node_modules/vitest/vitest.mjs")];
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    // Vite's own loader writes beside node_modules, as root where the engine's tests run: the next user could not.
    const run = ["run", "--configLoader=runner", "--project", project];
    const line = [...(project === "unit" ? [] : context.enter), ...node, ...run, ...reporters];
    const [command = "", ...args] = [...line, ...filters];
    const exitCode = await start(command, args, { cwd: root, env }).ended;
    const json = await readReport(report);
    return json === undefined ? { passed: 0, failed: [`${project}: no report`] } : settle(tallyVitest(json), exitCode);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** `go test` of every module that has tests. */
export async function go({ root, env, start }: PartContext): Promise<Tally> {
  let total: Tally = { passed: 0, failed: [] };
  for (const module of goModules(root)) {
    let events = "";
    const options = {
      cwd: path.join(root, module),
      env: { ...env, GOWORK: "off" },
      onOutput: (text: string) => {
        events += text;
      },
    };
    const exitCode = await start("go", ["test", "-json", "./..."], options).ended;
    const tally = settle(tallyGo(events), exitCode);
    if (tally.failed.length > 0) process.stdout.write(outputOf(events));
    process.stdout.write(`go test ${module}: ${tally.passed} passed, ${tally.failed.length} failed\n`);
    total = add(total, tally);
  }
  return total;
}

/** Folders of Go modules with tests. */
function goModules(root: string): readonly string[] {
  const modules = globSync("{images,runtime,toolchain,test}/**/go.mod", { cwd: root }).map((file) =>
    path.dirname(file),
  );
  const tests = globSync("{images,runtime,toolchain,test}/**/*_test.go", { cwd: root });
  const nearest = (file: string): string | undefined =>
    modules.filter((module) => file.startsWith(`${module}/`)).sort((a, b) => b.length - a.length)[0];
  return [...new Set(tests.map(nearest))].filter((module) => module !== undefined).sort();
}

/** What the tests printed, out of the events. */
function outputOf(events: string): string {
  return events
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { readonly Action: string; readonly Output?: string })
    .map(({ Action: action, Output: output }) =>
      action === "output" || action === "build-output" ? (output ?? "") : "",
    )
    .join("");
}
