import { stat } from "node:fs/promises";
import path from "node:path";
import { OperatorError } from "../error.ts";
import { readProject, type Project } from "./compose/project.ts";
import { emitCatalog } from "./emit/catalog.ts";
import { emitCompose, type EmittedCompose, type SecretSource } from "./emit/compose.ts";
import type { Value } from "./find/value.ts";
import { searchHistory, type History } from "./history.ts";
import { propose } from "./propose/propose.ts";
import type { ProposedSecret } from "./propose/proposal.ts";

/** What to import. */
export interface ImportOptions {
  readonly files: readonly string[];
  readonly envFiles: readonly string[];
  readonly outside: Readonly<Record<string, string | undefined>>;
  readonly from: string;
  readonly source: SecretSource;
}

/** Everything that an import found and would do. */
export interface ImportPlan {
  readonly project: Project;
  readonly secrets: readonly ProposedSecret[];
  readonly history: History;
  readonly compose: EmittedCompose;
  readonly catalog: string;
}

/** Reads the files, looks into git's history, and plans; nothing is changed. */
export async function planImport(options: ImportOptions): Promise<ImportPlan> {
  const { compose, env } = await sorted(options);
  const project = await readProject({ compose, env, outside: options.outside, from: options.from });
  const secrets = propose(project);
  return {
    project,
    secrets,
    history: await searchHistory(project.folder, valuesOf(secrets)),
    compose: emitCompose(project, secrets, options.source),
    catalog: emitCatalog(project, secrets),
  };
}

/** The values of a proposal, by entry. */
export function valuesOf(secrets: readonly ProposedSecret[]): ReadonlyMap<string, Value> {
  return new Map(
    secrets.flatMap(({ entries }) =>
      entries.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const])),
    ),
  );
}

/** Compose files and `.env` files, by their names; a folder stands for the compose files in it. */
async function sorted({ files, envFiles, from }: ImportOptions): Promise<{ compose: string[]; env: string[] }> {
  const compose: string[] = [];
  const env: string[] = [...envFiles];
  for (const file of files) {
    const info = await stat(path.resolve(from, file)).catch(() => undefined);
    if (info?.isDirectory() === true) compose.push(...(await composeFilesIn(file, from)));
    else if (isDotenv(file)) env.push(file);
    else compose.push(file);
  }
  return { compose, env };
}

/** Is a file a `.env` file, by its name? */
function isDotenv(file: string): boolean {
  return /^\.?env(?:\.|rc|$)|\.env(?:\.|$)/i.test(path.basename(file)) && !/\.ya?ml$/i.test(file);
}

/** The files that compose itself takes from a folder: the first of its names, and what overrides it. */
async function composeFilesIn(folder: string, from: string): Promise<readonly string[]> {
  const names = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
  const exists = async (name: string): Promise<boolean> =>
    (await stat(path.resolve(from, folder, name)).catch(() => undefined))?.isFile() === true;
  for (const name of names) {
    if (!(await exists(name))) continue;
    const over = name.replace(/(?=\.ya?ml$)/, ".override");
    const others = [over, over.endsWith(".yml") ? over.replace(/yml$/, "yaml") : over.replace(/yaml$/, "yml")];
    for (const other of others) if (await exists(other)) return [path.join(folder, name), path.join(folder, other)];
    return [path.join(folder, name)];
  }
  throw new OperatorError(`${folder}: there is no ${names.join(", ")} in it: name the files`, 2);
}
