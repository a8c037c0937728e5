import { createHash } from "node:crypto";
import { appendFile, mkdir, open, readFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import path from "node:path";
import * as z from "zod";
import { withLock } from "../toolchain/lock.ts";
import type { Report } from "../toolchain/progress.ts";
import { OperatorError } from "./error.ts";

/** One thing that was done to a secret. Never holds a value. */
const entrySchema = z.strictObject({
  seq: z.int().min(1),
  /** ISO 8601, UTC. */
  time: z.iso.datetime(),
  who: z.string(),
  stack: z.string(),
  secret: z.string(),
  action: z.string(),
  outcome: z.enum(["started", "done", "failed", "observed"]),
  before: z.string(),
  after: z.string(),
  reason: z.string(),
  /** Highest generation of the secret so far. */
  highest: z.int().min(0),
  /** Hash of the entry before, or 64 zeros. */
  previous: z.string().regex(/^[0-9a-f]{64}$/),
  /** SHA-256 over this entry without `hash`, as JSON with its keys in this order. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

/** An entry as it is kept. */
export type AuditEntry = z.infer<typeof entrySchema>;

/** What a caller says; the rest is the log's to add. */
export type AuditEvent = Pick<
  AuditEntry,
  "stack" | "secret" | "action" | "outcome" | "before" | "after" | "reason" | "highest"
>;

/** Result of {@link verifyAudit}. */
export type AuditVerdict =
  | { readonly ok: true; readonly entries: readonly AuditEntry[] }
  | { readonly ok: false; readonly line: number; readonly why: string };

const noHash = "0".repeat(64);

/**
 * Runs `work` alone on the log's stack: whoever changes the stack's secrets, or its log, holds this lock. The log's folder is made
 * for its owner alone.
 */
export async function withAuditLock<T>(file: string, work: () => Promise<T>, report?: Report): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  return withLock(`${file}.lock`, work, report);
}

/**
 * Appends events, each chained to the one before by its hash, and forces them to disk. One process writes at a time:
 * callers hold the stack's lock.
 *
 * @throws OperatorError if the log there is not intact: nothing is added to a log that can't be trusted
 */
export async function appendAudit(file: string, events: readonly AuditEvent[], now: Date): Promise<void> {
  if (events.length === 0) return;
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const verdict = await verifyAudit(file);
  if (!verdict.ok) {
    throw new OperatorError(
      `the audit log ${file} was changed at line ${verdict.line} (${verdict.why}): keep it, move it away, and find out who did`,
    );
  }
  let last = verdict.entries.at(-1);
  const lines: string[] = [];
  for (const event of events) {
    last = chain(event, last, now);
    lines.push(`${JSON.stringify(last)}\n`);
  }
  await appendFile(file, lines.join(""), { mode: 0o600 });
  const handle = await open(file, "r");
  await handle.sync();
  await handle.close();
}

/**
 * Writes down something that was done to all secrets of a stack. A log that was changed takes no entry: that is said on standard
 * error, and what was done stays.
 */
export async function noteAudit(
  { auditFile, stack }: { readonly auditFile: string; readonly stack: string },
  event: Pick<AuditEvent, "action" | "outcome" | "after" | "reason">,
): Promise<void> {
  const whole = { stack, secret: "all", before: "", highest: 0, ...event };
  await withAuditLock(auditFile, () => appendAudit(auditFile, [whole], new Date())).catch((error: unknown) => {
    process.stderr.write(`not in the audit log: ${error instanceof Error ? error.message : String(error)}\n`);
  });
}

/** Who runs this, as logs and reports name them. */
export const operator = (): string => `${userInfo().username}@${hostname()}`;

/** Checks every entry, its number, and its link to the one before. A missing log is an empty one. */
export async function verifyAudit(file: string): Promise<AuditVerdict> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return "";
    throw new OperatorError(`the audit log ${file} can't be read (${code ?? "unknown"})`);
  });
  const lines = text.split("\n");
  if (lines.pop() !== "") return { ok: false, line: lines.length + 1, why: "it was cut off within a line" };
  const entries: AuditEntry[] = [];
  for (const [index, line] of lines.entries()) {
    const why = broken(line, entries);
    if (why !== undefined) return { ok: false, line: index + 1, why };
  }
  return { ok: true, entries };
}

/** Adds the entry to `entries` if it is right; else why not. */
function broken(line: string, entries: AuditEntry[]): string | undefined {
  let entry: AuditEntry;
  try {
    entry = entrySchema.parse(JSON.parse(line));
  } catch {
    return "it is not an entry";
  }
  if (entry.seq !== entries.length + 1) return "entries are missing, or were added";
  if (entry.previous !== (entries.at(-1)?.hash ?? noHash)) return "it does not follow the entry before";
  if (entry.hash !== hashOf(entry)) return "its content was changed";
  entries.push(entry);
  return undefined;
}

function chain(event: AuditEvent, last: AuditEntry | undefined, now: Date): AuditEntry {
  const entry = {
    seq: (last?.seq ?? 0) + 1,
    time: now.toISOString(),
    who: operator(),
    stack: event.stack,
    secret: event.secret,
    action: event.action,
    outcome: event.outcome,
    before: event.before,
    after: event.after,
    reason: event.reason,
    highest: event.highest,
    previous: last?.hash ?? noHash,
  };
  return { ...entry, hash: hashOf(entry) };
}

function hashOf(entry: Omit<AuditEntry, "hash"> & { readonly hash?: string }): string {
  const content = JSON.stringify(entry, (key, value: unknown) => (key === "hash" ? undefined : value));
  return createHash("sha256").update(content).digest("hex");
}

/** The highest generation that the log has seen of a secret. */
export function highestIn(entries: readonly AuditEntry[], secret: string): number {
  return Math.max(0, ...entries.filter((entry) => entry.secret === secret).map(({ highest }) => highest));
}
