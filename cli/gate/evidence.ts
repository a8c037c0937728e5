import { createHash } from "node:crypto";
import { operator } from "../audit.ts";
import type { Outcome } from "./control.ts";

/** An outcome, with the SHA-256 of all the rest of it as JSON. */
export type Evidence = Outcome & { readonly sha256: string };

/** What the gate writes: JSON for machines, Markdown for people. Holds no value of a secret. */
export interface GateReport {
  readonly gate: "S9-PROD-001";
  readonly stack: string;
  /** ISO 8601, UTC: when it began. */
  readonly at: string;
  readonly seconds: number;
  readonly by: string;
  /** The commit of this project that looked, and whether its files were changed since; "unknown" without git. */
  readonly commit: string;
  readonly verdict: "pass" | "fail";
  readonly controls: readonly Evidence[];
  /** SHA-256 over all the rest, as JSON with its keys in this order. */
  readonly sha256: string;
}

/** Puts outcomes together. The gate passes when every control does. */
export function reportOf(
  outcomes: readonly Outcome[],
  { stack, at, seconds, commit }: Pick<GateReport, "stack" | "at" | "seconds" | "commit">,
): GateReport {
  const report = {
    gate: "S9-PROD-001" as const,
    stack,
    at,
    seconds,
    by: operator(),
    commit,
    verdict:
      outcomes.length > 0 && outcomes.every(({ verdict }) => verdict === "pass")
        ? ("pass" as const)
        : ("fail" as const),
    controls: outcomes.map((outcome) => ({ ...outcome, sha256: hashOf(outcome) })),
  };
  return { ...report, sha256: hashOf(report) };
}

/** Whether a report's hashes are those of its content. */
export function isIntact({ sha256, ...report }: GateReport): boolean {
  return (
    sha256 === hashOf(report) &&
    report.controls.every(({ sha256: own, ...outcome }) => own === hashOf(outcome)) &&
    (report.verdict === "pass") === report.controls.every(({ verdict }) => verdict === "pass")
  );
}

function hashOf(content: object): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

/** Headings of the two kinds of controls. */
export const kinds = { control: "Controls of S9-PROD-001", practice: "Best practices" } as const;

/** The report as a page of Markdown. */
export function toMarkdown(report: GateReport): string {
  const { stack, at, by, commit, seconds, verdict, controls, sha256 } = report;
  const tables = (["control", "practice"] as const).flatMap((kind) => [
    `## ${kinds[kind]}`,
    "",
    "| # | control | verdict | looked at |",
    "| - | ------- | ------- | --------- |",
    ...controls
      .filter((control) => control.kind === kind)
      .map(({ number, title, verdict: said, looked }) => `| ${number} | ${cell(title)} | **${said}** | ${looked} |`),
    "",
  ]);
  const details = controls.flatMap(({ id, title, verdict: said, how, at: when, problems, seen, sha256: hash }) => [
    `### ${title}`,
    "",
    `\`${id}\`: **${said}**, ${when}. Looked at: ${how}.`,
    "",
    ...problems.map((problem) => `- ${cell(problem)}`),
    ...(problems.length > 0 ? [""] : []),
    "```json",
    JSON.stringify(seen, undefined, 2),
    "```",
    "",
    `sha256 ${hash}`,
    "",
  ]);
  return [
    `# S9-PROD-001 on ${stack}: ${verdict}`,
    "",
    `${at}, by ${by}, commit ${commit}, in ${seconds} s. sha256 ${sha256}`,
    "",
    ...tables,
    "## Evidence",
    "",
    ...details,
  ].join("\n");
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
