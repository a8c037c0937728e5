/** The audit log and auditd; and the backup that the log has last. */
import { createHash } from "node:crypto";
import { auditKeys } from "../../audit/rules.ts";
import { describeChange, swarmChanges, swarmObjects } from "../../audit/swarm.ts";
import { verifyAudit, type AuditEntry } from "../../audit.ts";
import { backupAction } from "../../backup.ts";
import { locate } from "../../backup/places.ts";
import type { World } from "../../rotation/situation.ts";
import type { StackContext } from "../../stack.ts";
import { run } from "../../../toolchain/process.ts";
import { NotReadable } from "../control.ts";
import type { FactValues } from "../facts.ts";
import type { StackValues } from "./values.ts";

/** The log's chain, and what it has not seen. */
export async function readAudit(
  { auditFile, docker, stack }: StackContext,
  world: () => Promise<World>,
): Promise<FactValues["audit"]> {
  const [verdict, auditd] = await Promise.all([verifyAudit(auditFile), readAuditd()]);
  if (!verdict.ok) {
    const broken = `line ${verdict.line}: ${verdict.why}`;
    return { entries: 0, broken, unrecorded: [], reports: [], ...auditd };
  }
  const changes = swarmChanges(verdict.entries, stack, await swarmObjects(docker, stack), "");
  const { observed, reports } = await world();
  return {
    entries: verdict.entries.length,
    broken: undefined,
    unrecorded: changes.map(describeChange),
    reports: observed.services
      .filter(({ spec }) => spec.size > 0)
      .flatMap(({ name, tasks }) =>
        tasks
          .filter(({ ready }) => ready)
          .map(({ id, slot, state, silent }) => ({
            task: `${name}.${slot}`,
            // A program of others never says. A job's log may be gone with its container: that it ended with 0 says that it read what
            // it was given.
            said: reports.has(id) || silent || state === "complete",
          })),
      ),
    ...auditd,
  };
}

/** Rules without a daemon that keeps what they find watch nothing. */
async function readAuditd(): Promise<Pick<FactValues["audit"], "auditd" | "unwatched">> {
  const [status, rules] = await Promise.all([run("auditctl", ["-s"]), run("auditctl", ["-l"])]);
  const runs = status.exitCode === 0 && /^pid [1-9]/m.test(status.stdout);
  if (!runs || rules.exitCode !== 0) return { auditd: "absent", unwatched: [] };
  const unwatched = [auditKeys.secret, auditKeys.docker].filter((key) => !rules.stdout.includes(key));
  return { auditd: unwatched.length === 0 ? "watches" : "incomplete", unwatched };
}

/** The last backup that was made, fetched. @throws NotReadable when there is none, or it can't be fetched */
export async function readBackup(
  { auditFile, stack }: StackContext,
  values: StackValues,
): Promise<FactValues["backup"]> {
  const verdict = await verifyAudit(auditFile);
  if (!verdict.ok)
    throw new NotReadable(`the audit log, which says where backups are, was changed at line ${verdict.line}`);
  const last = verdict.entries.findLast((entry) => entry.action === backupAction && entry.stack === stack);
  if (last === undefined) throw new NotReadable("the audit log has no backup of this stack: goimg-secrets backup");
  return fetched(last, values);
}

async function fetched(entry: AuditEntry, values: StackValues): Promise<FactValues["backup"]> {
  const [address = "", sum] = entry.after.split(" sha256:");
  const content = await contentOf(address).catch((error: unknown) => {
    throw new NotReadable(`${address} can't be fetched: ${error instanceof Error ? error.message : String(error)}`);
  });
  const search = await values.search([{ name: address, pieces: [content] }]);
  return {
    address,
    at: new Date(entry.time),
    bytes: content.length,
    encrypted: content.subarray(0, 22).toString("latin1") === "age-encryption.org/v1\n",
    asRecorded: createHash("sha256").update(content).digest("hex") === sum,
    holds: search.hits,
  };
}

async function contentOf(address: string): Promise<Buffer> {
  const { place, name } = await locate(address, process.env);
  const chunks: Buffer[] = [];
  for await (const chunk of await place.get(name)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
