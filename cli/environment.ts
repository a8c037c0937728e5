import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { toolchainEnv } from "../toolchain/env.ts";
import type { Engine } from "../toolchain/engine.ts";

/** Where Pulumi.yaml is: the operator's folder when it has one, this package otherwise. */
export function projectDirectory(): string {
  return process.env["GOIMG_PROJECT"] ?? path.resolve(import.meta.dirname, "..");
}

/** Settings of pulumi for a stack on that engine: backend, passphrase file, plugins, and the engine's address. */
export function stackEnv(engine: Engine): Record<string, string> {
  return { ...toolchainEnv(), DOCKER_HOST: engine.host };
}

/** The environment that a stack's config names, or the stack is named after; as `infra/program.ts` chooses. */
export function environmentOf(configFile: string, stack: string): string {
  try {
    const document = parse(readFileSync(configFile, "utf8")) as { config?: Record<string, unknown> } | null;
    const environment = document?.config?.["goimg-secrets:environment"];
    return typeof environment === "string" ? environment : stack;
  } catch {
    // A config that is missing or no YAML is told of by whatever needs it.
    return stack;
  }
}

/** What a project folder elsewhere refers to, so that this package's program runs there: names in the package's own folder. */
export const programParts = [
  "infra",
  "stacks",
  "components",
  "runtime",
  "toolchain",
  "images",
  "cli",
  "node_modules",
  "package.json",
];
