import { Command } from "commander";
import { verifyAudit } from "./audit.ts";
import { OperatorError } from "./error.ts";
import { openStack } from "./stack.ts";

/** `audit`: what was done to the secrets, by whom, when and why, with the chain verified. */
export function auditCommand(): Command {
  return new Command("audit")
    .description("verify the audit log and show it; exits 1 if an entry was changed, removed or added")
    .option("--stack <name>", "the stack", "dev")
    .option("--secret <name>", "entries of one secret")
    .option("--json", "for machines")
    .action(async (flags: { stack: string; secret?: string; json?: boolean }) => {
      const { auditFile } = openStack(flags.stack);
      const verdict = await verifyAudit(auditFile);
      if (!verdict.ok)
        throw new OperatorError(`${auditFile}: line ${verdict.line} is not to be trusted: ${verdict.why}`);
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
    });
}
