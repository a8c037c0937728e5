import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { Command } from "commander";
import { recordSwarmAlone } from "./audit/swarm.ts";
import { verifyAudit } from "./audit.ts";
import { OperatorError } from "./error.ts";
import { needsPlace } from "./place.ts";
import { openStack, type StackContext } from "./stack.ts";
import { reportToTerminal as report } from "../toolchain/progress.ts";

interface Flags {
  readonly stack: string;
  readonly secret?: string;
  readonly record?: true;
  readonly follow?: true;
  readonly rules?: true;
  readonly reads?: string;
  readonly json?: true;
}

const help = `
  goimg-secrets audit                      who did what, when and why; the chain is verified
  goimg-secrets audit --record             first write down what changed in the Swarm behind this project's back
  goimg-secrets audit --follow             the same as it happens, until Ctrl-C
  goimg-secrets audit --rules              rules for this node's auditd: secret files, Docker's socket, the operator's files
  ausearch --raw -k goimg-secret | goimg-secrets audit --reads -
                                           secrets that were read by a process which is no consumer of theirs

Exit code 0: intact, and no such read; 1: an entry was changed, removed or added, or there is such a read; 2: wrong use.
`;

/** `audit`: what was done to the secrets, by whom, when and why, with the chain verified; and who read them. */
export function auditCommand(): Command {
  return new Command("audit")
    .description("verify the audit log and show it; exits 1 if an entry was changed, removed or added")
    .option("--stack <name>", "the stack", "dev")
    .option("--secret <name>", "entries of one secret")
    .option("--record", "first write down what changed in the Swarm since the log last looked")
    .option("--follow", "write down what changes in the Swarm as it happens")
    .option("--rules", "print rules for auditd on this node")
    .option("--reads <file>", "find foreign reads in auditd's records; - for standard input")
    .option("--json", "for machines")
    .addHelpText("after", help)
    .action(async (flags: Flags) => {
      const context = openStack(flags.stack);
      for (const option of ["record", "follow", "rules", "reads"] as const)
        if (flags[option] !== undefined) needsPlace(`audit --${option}`, context);
      if (flags.rules === true) return printRules(context);
      if (flags.reads !== undefined) return printReads(context, flags.reads, flags);
      if (flags.follow === true) return follow(context);
      if (flags.record === true) await recordSwarmAlone(context, "goimg-secrets audit --record", report);
      return printLog(context, flags);
    });
}

async function printLog({ auditFile }: StackContext, flags: Flags): Promise<void> {
  const verdict = await verifyAudit(auditFile);
  if (!verdict.ok) throw new OperatorError(`${auditFile}: line ${verdict.line} is not to be trusted: ${verdict.why}`);
  const shown = verdict.entries.filter(({ secret }) => flags.secret === undefined || secret === flags.secret);
  for (const entry of shown) {
    const { time, who, secret, action, outcome, before, after, reason } = entry;
    const line =
      flags.json === true
        ? JSON.stringify(entry)
        : `${time}  ${who}  ${secret}  ${action} ${outcome}  ${before} → ${after}  (${reason})`;
    process.stdout.write(`${line}\n`);
  }
  if (flags.json !== true) process.stdout.write(`${verdict.entries.length} entries, the chain is intact\n`);
}

async function follow(context: StackContext): Promise<void> {
  const { followSwarm } = await import("./audit/follow.ts");
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      stop.abort();
    });
  }
  await followSwarm(context, stop.signal, report);
}

async function printRules(context: StackContext): Promise<void> {
  const { nodeFacts } = await import("./audit/node.ts");
  const { auditRules } = await import("./audit/rules.ts");
  const { watched } = await nodeFacts(context);
  // What is to be watched may not be there yet, but its folder has to.
  await mkdir(path.dirname(context.auditFile), { recursive: true, mode: 0o700 });
  process.stdout.write(auditRules(watched));
}

async function printReads(context: StackContext, file: string, { json }: Flags): Promise<void> {
  const { nodeFacts, unknownPrograms } = await import("./audit/node.ts");
  const { parseAuditLog } = await import("./audit/records.ts");
  const { describeRead, foreignReads } = await import("./audit/reads.ts");
  const log = await text(file === "-" ? process.stdin : createReadStream(file)).catch(() => {
    throw new OperatorError(`${file} can't be read`, 2);
  });
  const { events, unreadable } = parseAuditLog(log);
  const { expected } = await nodeFacts(context);
  for (const service of unknownPrograms(expected))
    report(`the program of ${service} is not known: all of its reads are shown`);
  if (unreadable > 0) report(`${unreadable} lines are no audit records`);
  const found = foreignReads(events, expected);
  for (const read of found) process.stdout.write(`${json === true ? JSON.stringify(read) : describeRead(read)}\n`);
  if (json !== true) process.stdout.write(`${events.length} events, ${found.length} by others than consumers\n`);
  if (found.length > 0) process.exitCode = 1;
}
