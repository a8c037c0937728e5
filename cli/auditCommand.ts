import { Command } from "commander";
import { recordSwarmAlone } from "./audit/swarm.ts";
import { verifyAudit } from "./audit.ts";
import { OperatorError } from "./error.ts";
import { openStack } from "./stack.ts";

const report = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** `audit`: what was done to the secrets, by whom, when and why, with the chain verified. */
export function auditCommand(): Command {
  return new Command("audit")
    .description("verify the audit log and show it; exits 1 if an entry was changed, removed or added")
    .option("--stack <name>", "the stack", "dev")
    .option("--secret <name>", "entries of one secret")
    .option("--record", "first write down what changed in the Swarm since the log last looked")
    .option("--json", "for machines")
    .action(async (flags: { stack: string; secret?: string; record?: boolean; json?: boolean }) => {
      const context = openStack(flags.stack);
      const { auditFile } = context;
      if (flags.record === true) await recordSwarmAlone(context, "goimg-secrets audit --record", report);
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
