import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { Command } from "commander";
import { noteAudit } from "./audit.ts";
import { toMarkdown, type GateReport } from "./gate/evidence.ts";
import { needsPlace } from "./place.ts";
import { openStack, type StackContext } from "./stack.ts";

interface Flags {
  readonly stack: string;
  readonly out?: string;
  readonly json?: true;
}

const help = `
Each of the seven controls and ten best practices is tested on what runs: specs, containers, servers, keys, logs, git's
history, the last backup. It changes nothing of the stack: it starts the services' images apart from it, without network and
without secrets, to see that they refuse. What could not be looked at is "not checked", and then the gate does not pass.

  goimg-secrets gate                       what holds, and what does not
  goimg-secrets gate --out evidence        also evidence/gate-dev-….json and .md, whose hash goes into the audit log

Exit code 0: every control passes; 1: one does not, or could not be checked; 2: wrong use.
`;

/** `gate`: the requirement's controls, with evidence. */
export function gateCommand(): Command {
  return new Command("gate")
    .description("test the controls of S9-PROD-001 and the ten best practices on what runs, with evidence")
    .option("--stack <name>", "the stack", "dev")
    .option("--out <folder>", "write the evidence there, as JSON and Markdown")
    .option("--json", "print the evidence as JSON")
    .addHelpText("after", help)
    .action(gate);
}

async function gate(flags: Flags): Promise<void> {
  const { runGate } = await import("./gate/run.ts");
  const context = openStack(flags.stack);
  needsPlace("gate", context);
  const report = await runGate(context);
  const written = flags.out === undefined ? [] : await keep(report, flags.out, context);
  if (flags.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.stdout.write([...linesOf(report), ...written.map((file) => `evidence: ${file}`), ""].join("\n"));
  process.exitCode = report.verdict === "pass" ? 0 : 1;
}

/** Writes the evidence, and its hash into the audit log, which makes both hard to change. */
async function keep(report: GateReport, folder: string, context: StackContext): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const base = path.join(folder, `gate-${context.stack}-${report.at.replace(/[-:]|\.\d+/g, "")}`);
  await writeFile(`${base}.json`, `${JSON.stringify(report, undefined, 2)}\n`);
  await writeFile(`${base}.md`, toMarkdown(report));
  const failed = report.controls.filter(({ verdict }) => verdict !== "pass").map(({ id }) => id);
  await noteAudit(context, {
    action: "gate",
    outcome: "observed",
    after: `${report.verdict} sha256:${report.sha256}`,
    reason: failed.length === 0 ? "S9-PROD-001" : `S9-PROD-001: ${failed.join(", ")}`,
  });
  return [`${base}.json`, `${base}.md`];
}

function linesOf({ gate: name, stack, controls, seconds, verdict }: GateReport): readonly string[] {
  const lines = controls.flatMap(({ kind, number, verdict: said, id, title, problems }) => [
    `${said === "pass" ? "pass       " : said === "fail" ? "FAIL       " : "NOT CHECKED"}  ${kind} ${number}  ${id}: ${title}`,
    ...problems.map((problem) => `               ${problem}`),
  ]);
  const passed = controls.filter((control) => control.verdict === "pass").length;
  return [...lines, `${name} on ${stack}: ${passed} of ${controls.length} pass in ${seconds} s: ${verdict}`];
}
