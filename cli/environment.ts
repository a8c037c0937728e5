import path from "node:path";
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
