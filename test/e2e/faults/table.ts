import { readFile, writeFile } from "node:fs/promises";
import type { Moment } from "./moments.ts";

/** One fault and what came of it. */
export interface Row {
  readonly round: string;
  readonly phase: string;
  readonly victim: string;
  readonly moment: Moment;
  /** What the command did: it went on, failed, or died. */
  readonly command: string;
  /** Runs of the same command until the phase was done, and their seconds. */
  readonly runs: number;
  readonly seconds: number;
  readonly requests: number;
  readonly failures: number;
  /** Why the fault itself explains the failures; empty when there are none. */
  readonly explained: string;
  readonly violations: readonly string[];
}

const begin = "<!-- rows: written by node test/run.ts rotation-faults -->";
const end = "<!-- end of rows -->";
const head = [
  "| round | phase | kill | at | the command | same command again | load: failed of all | invariants |",
  "| --- | --- | --- | --- | --- | --- | --- | --- |",
];

/** Puts the rows into the table of a document, in place of those of the same round. */
export async function writeRows(file: string, rows: readonly Row[]): Promise<void> {
  const text = (await readFile(file, "utf8")).replace(/^\*\*No run has written rows yet.*\n\n?/m, "");
  const [before = "", rest = ""] = text.split(begin);
  const [old = "", after = ""] = rest.split(end);
  const rounds = new Set(rows.map(({ round }) => round));
  const kept = old
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^(round|-+)$/.test(roundOf(line)) && !rounds.has(roundOf(line)));
  const lines = [...kept, ...rows.map(line)].sort((a, b) =>
    roundOf(a) < roundOf(b) ? -1 : roundOf(a) > roundOf(b) ? 1 : 0,
  );
  await writeFile(file, `${before}${begin}\n\n${[...head, ...lines].join("\n")}\n\n${end}${after}`);
}

const roundOf = (text: string): string => (text.split("|")[1] ?? "").trim();

function line(row: Row): string {
  const { round, phase, victim, moment, command, runs, seconds, requests, failures, explained, violations } = row;
  const again = `${runs}×, done after ${seconds.toFixed(0)} s`;
  const next = command === "went on" ? "not needed" : runs === 0 ? "the next kill" : again;
  const load = `${failures} of ${requests}${explained === "" ? "" : ` (${explained})`}`;
  const held = violations.length === 0 ? "hold" : violations.join("; ");
  return `| ${[round, phase, victim, moment, command, next, load, held].join(" | ")} |`;
}
