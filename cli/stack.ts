import path from "node:path";
import type Docker from "dockerode";
import { dockerAt } from "../components/cluster/swarm/client.ts";
import type { SecretName } from "../components/catalog/grants.ts";
import { toolchainEnv } from "../toolchain/env.ts";
import { stateDirectory } from "../toolchain/paths.ts";
import { projectDirectory } from "./environment.ts";

/** A stack that a command works on. */
export interface StackContext {
  readonly stack: string;
  /** Where Pulumi.yaml is. */
  readonly cwd: string;
  /** Settings of pulumi and of Docker's clients. */
  readonly env: Readonly<Record<string, string>>;
  /** The stack's config: declared generations are edited here. */
  readonly configFile: string;
  readonly docker: Docker;
  /** Append-only log of what was done to its secrets. */
  readonly auditFile: string;
  /** Third-party values that their issuers refused when they were asked, by secret: generations that must not go live. */
  readonly refused?: ReadonlyMap<SecretName, readonly number[]>;
}

/** Opens a stack: nothing is asked yet, so it works without an engine. */
export function openStack(stack: string): StackContext {
  const cwd = projectDirectory();
  const env = toolchainEnv();
  const audit = process.env["GOIMG_AUDIT"] ?? path.join(stateDirectory(), "audit");
  return {
    stack,
    cwd,
    env,
    configFile: path.join(cwd, `Pulumi.${stack}.yaml`),
    docker: dockerAt(env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock"),
    auditFile: path.join(audit, `${stack}.jsonl`),
  };
}
