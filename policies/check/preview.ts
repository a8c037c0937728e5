import { run, type RunResult } from "../../toolchain/process.ts";
import { violationOf, type StackReport } from "../report.ts";
import { madeUpValues } from "./madeUp.ts";
import { workspaceFor, type Workspace } from "./workspace.ts";

/** How a stack is checked. */
export interface CheckOptions {
  /** The project's directory, where Pulumi.yaml is. */
  readonly root: string;
  /** The pack's directory. */
  readonly pack: string;
  /** The policy config's file, if any. */
  readonly config?: string;
  /** Settings under which `pulumi` runs. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Previews one stack from nothing, through the real engine, with the pack: no cloud and no Docker is asked, and no
 * state but an empty one of its own is used.
 */
export async function checkStack(stack: string, options: CheckOptions): Promise<StackReport> {
  const workspace = workspaceFor(options.root, stack);
  try {
    const prepared = await prepare(stack, workspace, options);
    if (prepared !== undefined) return { stack, resources: 0, violations: [], failure: prepared };
    const config = options.config === undefined ? [] : ["--policy-pack-config", options.config];
    const args = ["preview", "--json", "--policy-pack", options.pack, ...config];
    return reportOf(stack, await pulumi(args, stack, workspace, options));
  } finally {
    workspace.remove();
  }
}

/**
 * Previews one stack from nothing with other values in its config, given as secrets by their paths: what a person's mistake
 * would do.
 */
export async function previewWith(
  stack: string,
  values: Readonly<Record<string, string>>,
  options: CheckOptions,
): Promise<RunResult> {
  const workspace = workspaceFor(options.root, stack);
  try {
    const prepared = await prepare(stack, workspace, options);
    if (prepared !== undefined) return { exitCode: 0, stdout: "", stderr: prepared };
    for (const [path, value] of Object.entries(values)) {
      await pulumi(["config", "set", "--secret", "--path", path, value], stack, workspace, options);
    }
    return await pulumi(["preview"], stack, workspace, options);
  } finally {
    workspace.remove();
  }
}

async function prepare(stack: string, workspace: Workspace, options: CheckOptions): Promise<string | undefined> {
  const created = await pulumi(["stack", "init"], stack, workspace, options);
  if (created.exitCode !== 0) return lastLines(created.stderr);
  const values = await madeUpValues(workspace).catch((error: unknown) => String(error));
  if (typeof values === "string") return values;
  for (const { path, value } of values) {
    const set = await pulumi(["config", "set", "--secret", "--path", path], stack, workspace, options, value);
    if (set.exitCode !== 0) return lastLines(set.stderr);
  }
  return undefined;
}

function pulumi(
  args: readonly string[],
  stack: string,
  { directory, env }: Workspace,
  options: CheckOptions,
  input?: string,
): Promise<RunResult> {
  return run("pulumi", [...args, "--stack", stack, "--non-interactive", "--color", "never"], {
    cwd: directory,
    env: { ...options.env, PULUMI_CONFIG_PASSPHRASE_FILE: undefined, ...env },
    ...(input === undefined ? {} : { input }),
  });
}

function reportOf(stack: string, { stdout, stderr, exitCode }: RunResult): StackReport {
  const events = stdout.split("\n").flatMap((line): object[] => {
    try {
      const event: unknown = JSON.parse(line);
      return typeof event === "object" && event !== null ? [event] : [];
    } catch {
      return [];
    }
  });
  const violations = events.flatMap((event) => violationOf(stack, event) ?? []);
  const resources = events.filter((event) => "resourcePreEvent" in event).length;
  const errors = events.flatMap(errorOf);
  const isExplained = violations.some(({ level }) => level === "mandatory");
  if (exitCode === 0 || (isExplained && errors.length === 0)) return { stack, resources, violations };
  return { stack, resources, violations, failure: errors.join("\n") || lastLines(stderr) };
}

function errorOf(event: object): readonly string[] {
  const { diagnosticEvent } = event as { diagnosticEvent?: { severity?: string; message?: string } };
  const message = (diagnosticEvent?.message ?? "").trim();
  // What the engine says after violations, too.
  return diagnosticEvent?.severity === "error" && message !== "preview failed" ? [message] : [];
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-10).join("\n");
}
