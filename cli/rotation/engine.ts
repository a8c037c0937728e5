import { realpath } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import path from "node:path";
// First: it leaves out what the SDK would load next.
import "../../infra/start.ts";
import { LocalWorkspace, PulumiCommand, Stack, type PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { projectRoot, pulumiHome } from "../../toolchain/paths.ts";
import { environmentOf } from "../environment.ts";
import { pulumi } from "../pulumi.ts";
import { projectSettings } from "../recovery/project.ts";
import type { StackContext } from "../stack.ts";

/**
 * A stack of the Automation API. This project's program runs in this process: node, the SDK and the program are loaded once for
 * all updates of a command. Another project's program, in the operator's own folder, is left to the engine.
 *
 * @param hurry an emergency: it does not yield to the services
 * @throws what the Automation API throws, when there is no pulumi
 */
export async function openEngine(context: StackContext, hurry = false): Promise<Stack> {
  const { stack, cwd, env } = context;
  // A manager may serve requests too: what an update computes waits for them. Its engine and plugins inherit it.
  if (!hurry) setPriority(constants.priority.PRIORITY_LOW);
  const [command, program] = await Promise.all([PulumiCommand.get({ root: pulumiHome() }), programOf(context)]);
  const workspace = await LocalWorkspace.create({
    workDir: cwd,
    envVars: { ...env },
    pulumiCommand: Object.assign(command, { run: withoutAfterwards }),
    ...(program === undefined ? {} : { program }),
  });
  return Stack.select(stack, workspace);
}

async function programOf({ stack, cwd, env, configFile }: StackContext): Promise<PulumiFn | undefined> {
  const { main } = await projectSettings(cwd);
  const own = path.join(projectRoot, "infra", "index.ts");
  if (main === undefined || (await realpath(path.join(cwd, main)).catch(() => "")) !== (await realpath(own)))
    return undefined;
  // What the program would have been started with.
  Object.assign(process.env, env);
  // It is loaded while the engine starts.
  const loaded = import("../../infra/program.ts");
  loaded.then(({ load }) => load(environmentOf(configFile, stack))).catch(() => undefined);
  return async () => (await loaded).program();
}

/** What the Automation API makes of an ended command. */
interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/**
 * Runs pulumi as the other commands do, which keeps complete checkpoints and lets Ctrl-C end an update in order.
 *
 * Rule: what the Automation API runs around an update is not run. Why: it selects the stack (a change of the operator's own
 * selection), and reads all outputs in the clear and the history, of which nothing is used.
 */
async function withoutAfterwards(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  const unused: Readonly<Record<string, string>> = { select: "", output: "{}", history: "[]" };
  const answer = args[0] === "stack" ? unused[args[1] ?? ""] : undefined;
  if (answer !== undefined) return { stdout: answer, stderr: "", code: 0 };
  const { stdout, stderr, exitCode: code } = await pulumi(args, { cwd, env, output: "capture" });
  if (code !== 0) throw new Error(`${stderr}${stdout}`);
  return { stdout, stderr, code };
}
