import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { stringify } from "yaml";
import { OperatorError } from "../error.ts";
import { adopt } from "./adopt.ts";
import { importReport } from "./report.ts";
import { valuesOf, type ImportPlan } from "./run.ts";

/** Where an import is written, and under which stack its values are kept. */
export interface WriteOptions {
  readonly folder: string;
  readonly stack: string;
  readonly project: string;
  readonly overwrite: boolean;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Writes the services, the catalog, the report and a Pulumi project whose encrypted config holds generation 0.
 *
 * @returns the names of the files, in the folder
 * @throws OperatorError naming every file that is there already and differs
 */
export async function writeImport(plan: ImportPlan, options: WriteOptions): Promise<readonly string[]> {
  const config = `Pulumi.${options.stack}.yaml`;
  const files = new Map([
    ["compose.yaml", plan.compose.text],
    ["catalog.ts", plan.catalog],
    ["import.json", `${JSON.stringify(importReport(plan), undefined, 2)}\n`],
    [
      "Pulumi.yaml",
      stringify({
        name: options.project,
        description: "Secrets that goimg-secrets import adopted.",
        runtime: "nodejs",
      }),
    ],
  ]);
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  if (!options.overwrite) await refuseOthers(files, options.folder);
  for (const [name, text] of files) await replace(path.join(options.folder, name), text);
  const existing = await readFile(path.join(options.folder, config), "utf8").catch(() => undefined);
  if (existing === undefined) await replace(path.join(options.folder, config), declared(plan, options.project));
  await adopt(valuesOf(plan.secrets), { cwd: options.folder, stack: options.stack, env: options.env });
  return [...files.keys(), config];
}

async function refuseOthers(files: ReadonlyMap<string, string>, folder: string): Promise<void> {
  const different: string[] = [];
  for (const [name, text] of files) {
    const before = await readFile(path.join(folder, name), "utf8").catch(() => undefined);
    if (before !== undefined && before !== text) different.push(name);
  }
  if (different.length > 0)
    throw new OperatorError(`${folder} has another ${different.join(", ")}: choose another folder, or --overwrite`, 2);
}

/** The generations that exist, as the stack's config declares them: never a value. */
function declared({ secrets }: ImportPlan, project: string): string {
  const adopted = secrets.filter(({ entries }) => entries.some(({ value }) => value !== undefined));
  const generations = Object.fromEntries(adopted.map(({ name }) => [name, { live: [0], active: 0 }]));
  return stringify({ config: { [`${project}:generations`]: generations } });
}

async function replace(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, text, { mode: 0o600, flag: "w" });
  await rename(temporary, file);
}
