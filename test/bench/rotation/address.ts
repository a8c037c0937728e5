import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import type { StackContext } from "../../../cli/stack.ts";

/** Where the stack's gateway is, by its config. */
export async function urlOf({ configFile }: StackContext): Promise<string> {
  const { config } = parse(await readFile(configFile, "utf8")) as { config: Record<string, string | undefined> };
  return `http://127.0.0.1:${config["goimg-secrets:port"] ?? "8080"}`;
}
