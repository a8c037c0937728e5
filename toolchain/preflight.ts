import { OperatorError } from "../cli/error.ts";
import { dockerAnswers } from "./docker.ts";
import { findCommand, isRoot, run } from "./process.ts";
import { versions } from "./versions.ts";

/** Commands that a Docker Engine of our own needs, with the Debian package of each. */
export const enginePackages = {
  dockerd: "docker.io",
  docker: "docker.io",
  iptables: "iptables",
  ip: "iproute2",
  nsenter: "util-linux",
} as const;

/** What this machine lacks to build from Go modules. */
export async function goProblems(): Promise<readonly string[]> {
  const go = await run("go", ["version"]);
  if (go.exitCode === 127) {
    return [
      `Go is missing, and the official downloads cannot be reached: install Go ${versions.go} or newer (https://go.dev/dl/)`,
    ];
  }
  const version = /go(\d+)\.(\d+)/.exec(go.stdout);
  // Since 1.21 Go fetches the version that a module asks for.
  if (version === null || Number(version[1]) < 1 || Number(version[2]) < 21) {
    return [`${go.stdout.trim()} is too old: install Go ${versions.go} or newer (https://go.dev/dl/)`];
  }
  return [];
}

/** What this machine lacks to run a Docker Engine, when none answers. */
export async function engineProblems(): Promise<readonly string[]> {
  if (await dockerAnswers(process.env["DOCKER_HOST"])) return [];
  if (process.env["DOCKER_HOST"] !== undefined) {
    return [`no Docker Engine answers at DOCKER_HOST (${process.env["DOCKER_HOST"]}): start it, or unset DOCKER_HOST`];
  }
  if (process.platform !== "linux") return ["no Docker Engine answers: install and start Docker Desktop"];
  const problems: string[] = [];
  if (!isRoot() && (await findCommand("sudo")) === undefined) {
    problems.push("no Docker Engine answers, and starting one takes root: install sudo, or start Docker yourself");
  }
  const packages = await missingEnginePackages();
  if (packages.length > 0 && (await findCommand("apt-get")) === undefined) {
    problems.push(`Docker Engine is missing, and there is no apt-get to install it: install ${packages.join(", ")}`);
  }
  return problems;
}

/** Debian packages that a Docker Engine of our own needs and this machine lacks. */
export async function missingEnginePackages(): Promise<readonly string[]> {
  const missing = new Set<string>();
  for (const [command, name] of Object.entries(enginePackages)) {
    if ((await findCommand(command)) === undefined) missing.add(name);
  }
  return [...missing].sort();
}

/** Does nothing without problems. @throws OperatorError with one line a problem. */
export function joinProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new OperatorError(`this machine lacks something:\n- ${problems.join("\n- ")}`);
}
