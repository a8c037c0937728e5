import { readFileSync } from "node:fs";

/** One labelled environment entry. */
export interface Entry {
  readonly name: string;
  readonly value: string;
  readonly secret: boolean;
  readonly kind: string;
}

/** A value is written whole or as parts to be joined, so that no file of ours holds text in the form of a vendor's token. */
type Row = Omit<Entry, "value"> & { readonly value: string | readonly string[] };

/** Reads one half of the corpus; every value in it was invented. */
export function readCorpus(half: "development" | "held-out"): Entry[] {
  return readFileSync(new URL(`${half}.jsonl`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const row = JSON.parse(line) as Row;
      return { ...row, value: typeof row.value === "string" ? row.value : row.value.join("") };
    });
}

/** Counts of one kind of entry: hits, misses, false alarms and rightly passed. */
export interface Score {
  readonly kind: string;
  readonly entries: number;
  readonly truePositives: number;
  readonly falseNegatives: number;
  readonly falsePositives: number;
  readonly trueNegatives: number;
}

/** Scores the verdicts on the entries, kind by kind, with a last row for all. */
export function scoreByKind(entries: readonly Entry[], verdicts: readonly boolean[]): Score[] {
  const kinds = [...new Set(entries.map((entry) => entry.kind))];
  const count = (kind: string | undefined): Score => {
    const among = entries
      .map((entry, at) => ({ entry, said: verdicts[at] === true }))
      .filter(({ entry }) => kind === undefined || entry.kind === kind);
    const number = (secret: boolean, said: boolean): number =>
      among.filter((each) => each.entry.secret === secret && each.said === said).length;
    return {
      kind: kind ?? "all",
      entries: among.length,
      truePositives: number(true, true),
      falseNegatives: number(true, false),
      falsePositives: number(false, true),
      trueNegatives: number(false, false),
    };
  };
  return [...kinds.map(count), count(undefined)];
}

/** Share of the secrets that were found; 1 when there are none. */
export function recall(score: Score): number {
  const secrets = score.truePositives + score.falseNegatives;
  return secrets === 0 ? 1 : score.truePositives / secrets;
}

/** Share of the findings that are secrets; 1 when there are none. */
export function precision(score: Score): number {
  const found = score.truePositives + score.falsePositives;
  return found === 0 ? 1 : score.truePositives / found;
}
