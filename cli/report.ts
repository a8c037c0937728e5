import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { OperatorError } from "./error.ts";
import { isIntact, type GateReport } from "./gate/evidence.ts";
import { needsPlace } from "./place.ts";
import { openStack } from "./stack.ts";
import { writeWhole } from "./wholeFile.ts";

interface Flags {
  readonly stack: string;
  readonly out?: string;
  readonly evidence?: string;
  readonly json?: true;
}

const help = `
One page, complete in itself: it loads nothing, holds no value, prints well, and follows the reader's dark or light setting.
Timeline of generations and due dates, who holds what, the gate's controls with their evidence, the policies, and the tail of
the audit log with its chain verified. It runs the gate, and takes as long, unless it is given the evidence of one.

  goimg-secrets report --out report.html        write the page
  goimg-secrets report --evidence FILE.json     with the evidence that goimg-secrets gate --out has written
  goimg-secrets report --json | jq .gate        the same as data

Exit code 0: the page was made, whatever it says; 1: it could not be made; 2: wrong use.
`;

/** `report`: the state of a stack's secrets as one page. */
export function reportCommand(): Command {
  return new Command("report")
    .description("make one page of everything: timeline, holders, gate, policies, audit log")
    .option("--stack <name>", "the stack", "dev")
    .option("--out <file>", "where the page goes; standard output without it")
    .option("--evidence <file>", "evidence of the gate to show, in place of running it")
    .option("--json", "print what the page shows as JSON")
    .addHelpText("after", help)
    .action(async (flags: Flags) => {
      const { readFacts } = await import("./gate/readers/index.ts");
      const { reportData } = await import("./report/data.ts");
      const { page } = await import("./report/page.ts");
      const context = openStack(flags.stack);
      needsPlace("report", context);
      const evidence = flags.evidence === undefined ? undefined : await readEvidence(flags.evidence, flags.stack);
      const data = await reportData(context, readFacts(context), new Date(), evidence);
      const content = flags.json === true ? `${JSON.stringify(data)}\n` : page(data);
      if (flags.out === undefined) process.stdout.write(content);
      else {
        await writeWhole(flags.out, content);
        process.stdout.write(`${flags.out}\n`);
      }
    });
}

/** @throws OperatorError for a file that is not the stack's evidence, or was changed */
async function readEvidence(file: string, stack: string): Promise<GateReport> {
  const text = await readFile(file, "utf8").catch(() => {
    throw new OperatorError(`${file} can't be read`, 2);
  });
  let report: GateReport;
  try {
    report = JSON.parse(text) as GateReport;
    if (!isIntact(report)) throw new Error("its hash is not its content's");
  } catch {
    throw new OperatorError(`${file} is not evidence of the gate, or was changed`, 2);
  }
  if (report.stack !== stack) throw new OperatorError(`${file} is about the stack ${report.stack}, not ${stack}`, 2);
  return report;
}
