import type { PolicyConfigJSONSchema } from "@pulumi/policy/schema.js";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import type { Context } from "../model/rule.ts";
import { textAt } from "../model/properties.ts";

/**
 * Reads the stack's state, once, when a rule asks: the file of the setting `stateFile` (what `pulumi stack export`
 * writes), else the checkpoint itself where the backend is a directory. Other backends can't be read by a policy.
 */
export function stateReader(context: Omit<Context, "state">): () => unknown {
  let read: { readonly state: unknown } | undefined;
  return () => {
    read ??= { state: readState(context) };
    return read.state;
  };
}

function readState({ settings, project, stack, env }: Omit<Context, "state">): unknown {
  const declared = textAt(settings, "stateFile");
  if (declared !== undefined) {
    if (!existsSync(declared)) throw new Error(`the setting stateFile names ${declared}, which is not there`);
    return parse(readFileSync(declared, "utf8"), declared);
  }
  const checkpoint = checkpointPath(env["PULUMI_BACKEND_URL"], project, stack);
  if (checkpoint === undefined) return undefined;
  // A stack that was never updated has none.
  return existsSync(checkpoint) ? parse(readFileSync(checkpoint, "utf8"), checkpoint) : {};
}

/** Where a directory backend keeps a stack. */
export function checkpointPath(backend: string | undefined, project: string, stack: string): string | undefined {
  const directory = backendDirectory(backend);
  if (directory === undefined || !/^[\w.-]+$/.test(project) || !/^[\w.-]+$/.test(stack)) return undefined;
  return join(directory, ".pulumi", "stacks", project, `${stack}.json`);
}

/** The directory of a `file://` backend. */
export function backendDirectory(backend: string | undefined): string | undefined {
  if (backend?.startsWith("file://") !== true) return undefined;
  const path = backend.slice("file://".length).split("?")[0] ?? "";
  if (path.startsWith("~")) return undefined;
  return path.startsWith("/") ? fileURLToPath(`file://${path}`) : path;
}

function parse(json: string, path: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new Error(`${path} is not JSON: write it with pulumi stack export`);
  }
}

/** Absolute, because a policy is not told the project's folder. */
export const stateFileSetting: PolicyConfigJSONSchema = {
  type: "string",
  pattern: "^(/|[A-Za-z]:)",
  description: "absolute path of an output of pulumi stack export; needed where the backend is not a directory",
};
