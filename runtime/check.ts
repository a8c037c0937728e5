/**
 * Checks the secrets of the container it runs in, with the rules that the services start with: `node check.ts [--json]
 * [--service NAME]`. For operators, health checks and services in other languages. Exit code 0 or 78; 64 for wrong use.
 */
import { parseArgs } from "node:util";
import { EXIT_CONFIG, type Finding, type Reason } from "./findings.ts";
import { inspectSecrets, type Inspection } from "./load.ts";

/** One row: a generation of an entry, or a secret that is switched off (generation null). */
export interface CheckRow {
  secret: string;
  entry: string;
  generation: number | null;
  active: boolean;
  reasons: Reason[];
}

/** A row for each generation of each entry of the manifest, in the manifest's order. */
export function rowsOf({ manifest, findings }: Pick<Inspection, "manifest" | "findings">): CheckRow[] {
  const reasonsAt = (secret: string, entry: string, generation: number | null): Reason[] =>
    findings
      .filter((f) => f.secret === secret && (f.entry ?? entry) === entry && (f.generation ?? generation) === generation)
      .map((f) => f.reason);
  return (manifest?.secrets ?? []).flatMap(({ name: secret, active, live, entries }) =>
    entries.flatMap(({ name: entry }) =>
      (live.length === 0 ? [null] : live).map((generation) => {
        const isActive = generation !== null && generation === active;
        return { secret, entry, generation, active: isActive, reasons: reasonsAt(secret, entry, generation) };
      }),
    ),
  );
}

/** What a person reads: a table, then one line for each finding. */
export function tableOf(rows: readonly CheckRow[], findings: readonly Finding[]): string {
  const cells = rows.map((row) => [
    row.secret,
    row.entry,
    row.generation === null ? "off" : `${row.generation}${row.active ? " active" : ""}`,
    row.reasons.length === 0 ? "ok" : row.reasons.join(", "),
  ]);
  const all = [["SECRET", "ENTRY", "GENERATION", "RESULT"], ...cells];
  const widths = [0, 1, 2].map((i) => Math.max(...all.map((line) => line[i]?.length ?? 0)));
  const lines = all.map((line) => line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  "));
  const verdict = findings.length === 0 ? "all secrets are valid" : `${findings.length} found`;
  return [...lines, "", ...findings.map((f) => `${f.reason}: ${f.message}`), verdict].join("\n");
}

async function main(): Promise<number> {
  let flags: { json?: boolean | undefined; service?: string | undefined };
  try {
    flags = parseArgs({ options: { json: { type: "boolean" }, service: { type: "string" } } }).values;
  } catch {
    process.stderr.write("usage: check.ts [--json] [--service NAME]\n");
    return 64;
  }
  const inspection = await inspectSecrets(flags.service === undefined ? {} : { service: flags.service });
  const { findings, service } = inspection;
  const rows = rowsOf(inspection);
  const ok = findings.length === 0;
  const text = flags.json ? JSON.stringify({ service, ok, rows, findings }) : tableOf(rows, findings);
  process.stdout.write(text + "\n");
  return ok ? 0 : EXIT_CONFIG;
}

if (import.meta.main) process.exitCode = await main();
