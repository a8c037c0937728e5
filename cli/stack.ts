import path from "node:path";
import type Docker from "dockerode";
import { dockerAt } from "../components/cluster/swarm/client.ts";
import type { SecretName } from "../components/catalog/grants.ts";
import { toolchainEnv } from "../toolchain/env.ts";
import { stateDirectory } from "../toolchain/paths.ts";
import { clusterEngines } from "./cluster.ts";
import { environmentOf, projectDirectory } from "./environment.ts";
import { placeOf, type Place } from "./place.ts";

/** A stack that a command works on. */
export interface StackContext {
  readonly stack: string;
  /** Where Pulumi.yaml is. */
  readonly cwd: string;
  /** Settings of pulumi and of Docker's clients. */
  readonly env: Readonly<Record<string, string>>;
  /** The stack's config: declared generations are edited here. */
  readonly configFile: string;
  readonly place: Place;
  /** The Swarm's manager: the engine at DOCKER_HOST, or a machine of the stack's own, over SSH. */
  readonly docker: Docker;
  /** How an error calls it. */
  readonly address: string;
  /** The engine of a node, by the Swarm's number of it. */
  readonly nodeEngine: (id: string) => Docker;
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
  const configFile = path.join(cwd, `Pulumi.${stack}.yaml`);
  const place = placeOf(environmentOf(configFile, stack));
  return {
    stack,
    cwd,
    env,
    configFile,
    ...(place === "cluster" ? ownEngines(stack, cwd, env) : { ...engineAt(env["DOCKER_HOST"]), place }),
    auditFile: path.join(audit, `${stack}.jsonl`),
  };
}

/** Which engines a stack is on. */
type Engines = Pick<StackContext, "place" | "docker" | "address" | "nodeEngine">;

/** The one engine at an address as in DOCKER_HOST. */
export function engineAt(host = "unix:///var/run/docker.sock"): Engines {
  const docker = dockerAt(host);
  return { place: "engine", docker, address: host, nodeEngine: () => docker };
}

function ownEngines(stack: string, cwd: string, env: StackContext["env"]): Engines {
  const { manager, node } = clusterEngines(stack, { cwd, env, output: "capture" });
  return { place: "cluster", docker: manager, address: `${stack}'s first manager, over SSH`, nodeEngine: node };
}
