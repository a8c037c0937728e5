import type { Readable, Writable } from "node:stream";
import { Command } from "commander";
import type { ScanError, ScanFinding } from "./scan/files.ts";

/** What `scan` reads and where it writes; tests put streams of their own here. */
export interface ScanStreams {
  readonly input: Readable;
  readonly output: Writable;
  readonly errors: Writable;
}

interface ScanOptions {
  readonly json?: true;
  readonly jsonl?: true;
}

const exitClean = 0;
const exitFindings = 1;
const exitUnreadable = 2;

/**
 * `scan FILE…` and `scan --jsonl`: finds plaintext secrets in files or in entries on standard input.
 * Exit code 0 without findings, 1 with any; 2 when there was none, but a file or a line could not be read.
 */
export function scanCommand(streams?: ScanStreams): Command {
  return new Command("scan")
    .description("find plaintext secrets in compose, .env, ECS, Kubernetes and Dockerfiles")
    .argument("[file...]", "files to scan")
    .option("--json", "print the findings as a JSON array")
    .option("--jsonl", 'read lines {"name", "value"} on standard input and answer each')
    .action(async (files: string[], options: ScanOptions, command: Command) => {
      const to = streams ?? { input: process.stdin, output: process.stdout, errors: process.stderr };
      if (options.jsonl === true) {
        const { scanLines } = await import("./scan/jsonl.ts");
        process.exitCode = (await scanLines(to.input, to.output)) ? exitClean : exitUnreadable;
        return;
      }
      if (files.length === 0)
        command.error("scan needs a file, or --jsonl and entries on standard input", { exitCode: exitUnreadable });
      process.exitCode = await scanFiles(files, options.json === true, to);
    });
}

async function scanFiles(files: readonly string[], json: boolean, to: ScanStreams): Promise<number> {
  const { scanFile } = await import("./scan/files.ts");
  const findings: ScanFinding[] = [];
  const errors: ScanError[] = [];
  for (const file of files) {
    const result = await scanFile(file);
    findings.push(...result.findings);
    errors.push(...result.errors);
  }
  const scanned = files.length - new Set(errors.map(({ file }) => file)).size;
  to.output.write(json ? `${JSON.stringify(findings, undefined, 2)}\n` : await table(findings, scanned));
  for (const { file, line, reason } of errors) to.errors.write(`${file}${line > 0 ? `:${line}` : ""}: ${reason}\n`);
  if (findings.length > 0) return exitFindings;
  return errors.length > 0 ? exitUnreadable : exitClean;
}

async function table(findings: readonly ScanFinding[], scanned: number): Promise<string> {
  const summary = `${findings.length} plaintext ${findings.length === 1 ? "secret" : "secrets"} in ${scanned} ${scanned === 1 ? "file" : "files"}\n`;
  if (findings.length === 0) return summary;
  const { default: Table } = await import("cli-table3");
  const rows = new Table({ head: ["file", "line", "service", "name", "rule"], style: { head: [], border: [] } });
  for (const { file, line, service, name, rule } of findings) rows.push([file, line, service ?? "", name, rule]);
  return `${rows.toString()}\n${summary}`;
}
