import { readdirSync } from "node:fs";
import path from "node:path";
import { planImport, type ImportPlan } from "../../../../cli/import/run.ts";

/** Projects in the style of public ones. All values in them were made up for these tests. */
export const projectsFolder = path.join(import.meta.dirname, "projects");

/** Their names. */
export const projectNames: readonly string[] = readdirSync(projectsFolder).sort();

/** The compose files of a project, in the order in which they override one another. */
export function composeFiles(name: string): readonly string[] {
  return readdirSync(path.join(projectsFolder, name))
    .filter((file) => /compose.*\.ya?ml$/.test(file))
    .sort((a, b) => a.length - b.length);
}

const plans = new Map<string, Promise<ImportPlan>>();

/** Imports a project without the shell's variables, once. */
export async function plan(name: string): Promise<ImportPlan> {
  const known = plans.get(name) ?? make(name);
  plans.set(name, known);
  return known;
}

async function make(name: string): Promise<ImportPlan> {
  return planImport({
    files: [...composeFiles(name)],
    envFiles: [],
    outside: {},
    from: path.join(projectsFolder, name),
    source: "environment",
  });
}

/** Every use that a plan found: service, place, entry, kind and strategy. */
export function usesOf({ secrets }: ImportPlan): readonly string[] {
  return secrets
    .flatMap(({ kind, strategy, entries }) =>
      entries.flatMap((entry) =>
        entry.uses.map(({ service, where, variable, whole }) =>
          [
            service ?? "-",
            where === variable ? where : `${where} ${variable}${whole ? "" : " (part)"}`,
            entry.name,
            kind,
            strategy,
          ].join(" | "),
        ),
      ),
    )
    .sort();
}

/** A value as an output might show it: as it is, encoded for a URL, and in base64 at any offset. */
export function formsOf(value: string): readonly string[] {
  const base64 = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), Buffer.from(value)])
      .toString("base64")
      .slice(offset === 0 ? 0 : 4, -4),
  );
  return [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    ...base64.filter((text) => text.length >= 8),
  ];
}
