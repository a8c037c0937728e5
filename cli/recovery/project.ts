import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";

/** What is read of a project's settings. */
export interface ProjectSettings {
  readonly name: string;
  /** File of its program, relative to the project's folder. */
  readonly main?: string;
}

/** Settings of the Pulumi project in that folder. */
export async function projectSettings(directory: string): Promise<ProjectSettings> {
  return parse(await readFile(path.join(directory, "Pulumi.yaml"), "utf8")) as ProjectSettings;
}

/** Name of the Pulumi project in that folder. */
export async function projectName(directory: string): Promise<string> {
  return (await projectSettings(directory)).name;
}
