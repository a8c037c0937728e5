import { describe, expect, test } from "vitest";
import { detect } from "../../../policies/detect/index.ts";
import type { Score } from "../corpus/corpus.ts";
import { precision, readCorpus, recall, scoreByKind } from "../corpus/corpus.ts";

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function table(scores: readonly Score[]): string {
  const rows = scores.map((score) => [
    score.kind,
    score.entries,
    score.falseNegatives,
    score.falsePositives,
    percent(recall(score)),
    percent(precision(score)),
  ]);
  return [["kind", "entries", "missed", "false alarms", "recall", "precision"], ...rows]
    .map((row) => row.map((cell, at) => (at === 0 ? String(cell).padEnd(24) : String(cell).padStart(13))).join(""))
    .join("\n");
}

describe.each(["development", "held-out"] as const)("on the %s half of the corpus", (half) => {
  const entries = readCorpus(half);
  const findings = entries.map(({ name, value }) => detect(name, value));

  test("recall is at least 0.98 and precision at least 0.97", () => {
    const scores = scoreByKind(
      entries,
      findings.map((finding) => finding !== undefined),
    );
    process.stdout.write(`\n${half}\n${table(scores)}\n`);
    const all = scores.at(-1);
    expect(all).toBeDefined();
    if (all === undefined) return;
    expect(recall(all)).toBeGreaterThanOrEqual(0.98);
    expect(precision(all)).toBeGreaterThanOrEqual(0.97);
  });

  test("no finding quotes its value", () => {
    const quoted = entries.filter(
      ({ value }, at) => value.length >= 8 && JSON.stringify(findings[at] ?? "").includes(value),
    );
    expect(quoted.map(({ name }) => name)).toEqual([]);
  });
});

test("the corpus holds at least 900 entries, none twice, and both labels in both halves", () => {
  const halves = [readCorpus("development"), readCorpus("held-out")];
  const entries = halves.flat();
  expect(entries.length).toBeGreaterThanOrEqual(900);
  expect(new Set(entries.map(({ name, value }) => `${name}=${value}`)).size).toBe(entries.length);
  for (const half of halves) expect(new Set(half.map(({ secret }) => secret)).size).toBe(2);
});
