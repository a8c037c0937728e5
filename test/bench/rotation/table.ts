import Table from "cli-table3";
import type { Sample } from "./load.ts";

/** One row: what the load saw before and while one secret was rotated. Times in milliseconds and seconds. */
export interface Row {
  readonly secret: string;
  readonly rotations: number;
  readonly requests: number;
  readonly failures: number;
  /** Requests that broke without an answer. */
  readonly dropped: number;
  readonly quiet: Quantiles;
  readonly during: Quantiles;
  /** Seconds of each phase, in order, medians over the rotations. */
  readonly phases: Readonly<Record<string, number>>;
  /** Seconds of a rotation in which no task was on its way, pauses left out; the median. */
  readonly outside: number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

export function quantiles(samples: readonly Sample[]): Quantiles {
  const sorted = samples.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** The table, as the README and the terminal show it. */
export function table(rows: readonly Row[]): string {
  const shown = new Table({
    head: [
      "secret",
      "rotations",
      "requests",
      "failures",
      "dropped",
      "p50 before",
      "p50 during",
      "p99 before",
      "p99 during",
      "phases (s)",
      "not waiting (s)",
    ],
    style: { head: [], border: [] },
  });
  for (const { secret, rotations, requests, failures, dropped, quiet, during, phases, outside } of rows) {
    shown.push([
      secret,
      rotations,
      requests,
      failures,
      dropped,
      ...[quiet.p50, during.p50, quiet.p99, during.p99].map((ms) => `${ms.toFixed(1)} ms`),
      Object.entries(phases)
        .map(([phase, seconds]) => `${phase} ${seconds.toFixed(1)}`)
        .join(", "),
      outside.toFixed(1),
    ]);
  }
  return shown.toString();
}
