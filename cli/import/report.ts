import type { ImportPlan } from "./run.ts";

/** A plan for machines. It holds no value. */
export function importReport({ project, secrets, history, compose }: ImportPlan): object {
  return {
    services: project.services.map(({ name, image }) => ({ name, image })),
    secrets: secrets.map(({ entries, ...secret }) => ({
      ...secret,
      entries: entries.map(({ name, consumers, uses, value }) => ({
        name,
        consumers,
        adoptable: value !== undefined,
        git: gitOf(name, { history }),
        uses: uses.map(({ service, at, ...use }) => ({
          service: service ?? null,
          ...use,
          file: at.file,
          line: at.line,
        })),
      })),
    })),
    changes: compose.changes.map(({ at, ...change }) => ({ ...change, file: at.file, line: at.line })),
    variables: compose.variables,
    notes: compose.notes,
    problems: project.problems,
    unset: project.unset.map(({ variable, at, required }) => ({ variable, file: at.file, line: at.line, required })),
    history: { repository: history.repository ?? null, notLookedFor: history.unsearchable },
  };
}

function gitOf(entry: string, { history }: Pick<ImportPlan, "history">): object | null {
  const seen = history.seen.get(entry);
  return seen === undefined ? null : { object: seen.object, commit: seen.commit ?? null, path: seen.path ?? null };
}

/** A plan for people. It holds no value. */
export async function importText(plan: ImportPlan): Promise<string> {
  const { project, secrets, compose } = plan;
  const parts = [
    `${count(project.services.length, "service")}, ${count(project.files.length, "file")} read, ${count(secrets.length, "secret")} found`,
    secrets.length === 0 ? "" : await table(plan),
    list(
      "Know this before you adopt them:",
      secrets.flatMap(({ name, notes }) => notes.map((note) => `${name} ${note}`)),
    ),
    gitText(plan),
    diff(plan),
    list("Of the services:", compose.notes),
    list(
      "Asked for, and set nowhere (compose puts nothing in their places):",
      project.unset.map(
        ({ variable, at, required }) =>
          `${place(at)}: ${variable}${required ? ", without which compose refuses to run" : ""}`,
      ),
    ),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

async function table({ secrets, history }: ImportPlan): Promise<string> {
  const { default: Table } = await import("cli-table3");
  const rows = new Table({
    head: ["secret", "kind", "strategy", "period", "owner", "entries", "consumers", "written in", "git"],
    style: { head: [], border: [] },
  });
  for (const { name, kind, strategy, period, owner, entries } of secrets) {
    const places = [...new Set(entries.flatMap(({ uses }) => uses.map(({ at }) => place(at))))];
    const consumers = [...new Set(entries.flatMap((entry) => entry.consumers))];
    const seen = entries.some((entry) => history.seen.has(entry.name));
    const valueless = entries.every(({ value }) => value === undefined);
    rows.push([
      name,
      kind,
      strategy,
      period,
      owner,
      entries.map((entry) => entry.name).join("\n"),
      consumers.join("\n"),
      places.join("\n"),
      valueless ? "no value" : seen ? "SEEN" : "",
    ]);
  }
  return rows.toString();
}

function gitText({ secrets, history }: ImportPlan): string {
  if (history.repository === undefined)
    return "There is no git repository here: what another one has seen is not known.";
  const names = secrets.flatMap(({ entries }) => entries.map(({ name }) => name));
  const seen = names.flatMap((name) => {
    const sighting = history.seen.get(name);
    if (sighting === undefined) return [];
    const where =
      sighting.commit === undefined
        ? `object ${sighting.object.slice(0, 12)}`
        : `${sighting.path ?? ""}, commit ${sighting.commit.slice(0, 12)}`;
    return [`${name} (${where})`];
  });
  const skipped = list("Too short or too common to be looked for, so rotate them too:", history.unsearchable);
  const found =
    seen.length === 0
      ? "git has seen none of these values."
      : list(
          "git has seen these values: everyone with a copy of the repository has them. Rotate them at once, after adopting:",
          seen,
        );
  return [found, skipped].filter((part) => part !== "").join("\n\n");
}

/** What becomes of each text, with `***` in the place of each value. */
function diff({ compose }: ImportPlan): string {
  const lines: string[] = [];
  let service: string | undefined;
  for (const change of compose.changes) {
    if (change.service !== service) lines.push(`@@ ${change.service === "" ? "project" : change.service} @@`);
    service = change.service;
    lines.push(...prefixed("-", `${change.before}    # ${place(change.at)}`), ...prefixed("+", change.after));
  }
  return lines.join("\n");
}

function prefixed(sign: string, text: string): readonly string[] {
  return text.split("\n").map((line) => `${sign} ${line}`);
}

function list(title: string, items: readonly string[]): string {
  return items.length === 0 ? "" : [title, ...items.map((item) => `  - ${item}`)].join("\n");
}

function place({ file, line }: { readonly file: string; readonly line: number }): string {
  return line > 0 ? `${file}:${line}` : file;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
