/**
 * `node test/bench/detectors.ts`: the detector, secretlint's preset alone and gitleaks on the same entries of both halves
 * of the corpus, each entry as a line `NAME=value` (gitleaks: one file an entry, since values may span lines).
 * gitleaks is built from its Go module into the cache when it is not there.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { lintSource } from "@secretlint/core";
import { creator } from "@secretlint/secretlint-rule-preset-recommend";
import { detect } from "../../policies/detect/index.ts";
import type { Entry, Score } from "../policy/corpus/corpus.ts";
import { precision, readCorpus, recall, scoreByKind } from "../policy/corpus/corpus.ts";

const gitleaksModule = "github.com/zricethezav/gitleaks/v8@v8.30.1";
const percent = (share: number): string => (share * 100).toFixed(1);

function cacheDirectory(): string {
  const base = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return process.env["GOIMG_CACHE"] ?? join(base, "goimg-secrets");
}

function gitleaksBinary(): string {
  const directory = join(cacheDirectory(), "bench", "gitleaks");
  const binary = join(directory, "gitleaks");
  if (!existsSync(binary)) {
    mkdirSync(directory, { recursive: true });
    execFileSync("go", ["install", gitleaksModule], {
      env: { ...process.env, GOBIN: directory, CGO_ENABLED: "0" },
      stdio: "inherit",
    });
  }
  return binary;
}

function gitleaksVerdicts(entries: readonly Entry[]): boolean[] {
  const directory = mkdtempSync(join(tmpdir(), "goimg-gitleaks-"));
  try {
    const sources = join(directory, "entries");
    mkdirSync(sources);
    entries.forEach(({ name, value }, at) => {
      writeFileSync(join(sources, `${at}.env`), `${name}=${value}\n`);
    });
    const report = join(directory, "report.json");
    execFileSync(
      gitleaksBinary(),
      ["dir", "--no-banner", "--log-level", "error", "--exit-code", "0", "-f", "json", "-r", report, sources],
      { stdio: "inherit" },
    );
    const leaks = JSON.parse(readFileSync(report, "utf8")) as { File: string }[];
    const found = new Set(leaks.map(({ File }) => Number(basename(File, ".env"))));
    return entries.map((_, at) => found.has(at));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function secretlintVerdicts(entries: readonly Entry[]): Promise<boolean[]> {
  const verdicts: boolean[] = [];
  for (const { name, value } of entries) {
    const result = await lintSource({
      source: { content: `${name}=${value}\n`, filePath: "/entry.env", ext: ".env", contentType: "text" },
      options: { config: { rules: [{ id: "preset", rule: creator }] } },
    });
    verdicts.push(result.messages.length > 0);
  }
  return verdicts;
}

async function timed(
  label: string,
  entries: readonly Entry[],
  judge: () => boolean[] | Promise<boolean[]>,
): Promise<{ label: string; scores: Score[]; seconds: number }> {
  const started = performance.now();
  const verdicts = await judge();
  return { label, scores: scoreByKind(entries, verdicts), seconds: (performance.now() - started) / 1000 };
}

/** Recall where the kind holds secrets, false alarms where it holds none. */
function cell(score: Score | undefined): string {
  if (score === undefined) return "";
  if (score.kind === "all") return `${percent(recall(score))} / ${percent(precision(score))}`;
  return score.truePositives + score.falseNegatives > 0
    ? `${percent(recall(score))} %`
    : `${score.falsePositives} false`;
}

gitleaksBinary();
for (const half of ["development", "held-out"] as const) {
  const entries = readCorpus(half);
  const judges = [
    await timed("goimg-secrets", entries, () => entries.map(({ name, value }) => detect(name, value) !== undefined)),
    await timed("secretlint 12", entries, () => secretlintVerdicts(entries)),
    await timed("gitleaks 8.30", entries, () => gitleaksVerdicts(entries)),
  ];
  console.log(
    `\n${half}: ${entries.length} entries; recall of kinds with secrets, false alarms of kinds without, recall / precision of all`,
  );
  console.log(`| kind | entries | ${judges.map(({ label }) => label).join(" | ")} |\n| --- | --- | --- | --- | --- |`);
  for (const [at, { kind, entries: count }] of (judges[0]?.scores ?? []).entries()) {
    console.log(`| ${kind} | ${count} | ${judges.map(({ scores }) => cell(scores[at])).join(" | ")} |`);
  }
  console.log(`| seconds | | ${judges.map(({ seconds }) => seconds.toFixed(2)).join(" | ")} |`);
}
