import { run } from "../../toolchain/process.ts";
import { projectRoot } from "../../toolchain/paths.ts";
import type { StackContext } from "../stack.ts";
import { checkControl, type Control, type Outcome } from "./control.ts";
import { controls } from "./controls/index.ts";
import { reportOf, type GateReport } from "./evidence.ts";
import type { Facts } from "./facts.ts";
import { readFacts } from "./readers/index.ts";

/** Checks some controls, side by side, on one set of facts. */
export function checkControls(facts: Facts, wanted: readonly Control[] = controls): Promise<readonly Outcome[]> {
  return Promise.all(wanted.map((control) => checkControl(control, facts)));
}

/** Checks every control on a running stack. */
export async function runGate(context: StackContext): Promise<GateReport> {
  const started = performance.now();
  const now = new Date();
  return gateOf(await checkControls(readFacts(context)), context.stack, now, started);
}

/** Puts outcomes together with when, how long and by what they were found. `started` is of `performance.now()`. */
export async function gateOf(
  outcomes: readonly Outcome[],
  stack: string,
  at: Date,
  started: number,
): Promise<GateReport> {
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  return reportOf(outcomes, { stack, at: at.toISOString(), seconds, commit: await commitOf() });
}

async function commitOf(): Promise<string> {
  const described = await run("git", [
    "-C",
    projectRoot,
    "describe",
    "--always",
    "--dirty",
    "--abbrev=40",
    "--exclude=*",
  ]);
  return described.exitCode === 0 ? described.stdout.trim() : "unknown";
}
