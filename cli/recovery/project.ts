import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";

/** Name of the Pulumi project in that folder. */
export async function projectName(directory: string): Promise<string> {
  const { name } = parse(await readFile(path.join(directory, "Pulumi.yaml"), "utf8")) as { readonly name: string };
  return name;
}
