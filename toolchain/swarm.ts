import { OperatorError } from "../cli/error.ts";
import { docker, dockerOrFail } from "./docker.ts";
import type { Report } from "./progress.ts";

/** Everything on this machine: a Swarm of one node needs no other address. */
const address = "127.0.0.1";
/** Managers talk to each other there. */
const port = 2377;

/**
 * Makes the engine a Swarm of one node if it is in none.
 *
 * @returns true when this made it.
 * @throws OperatorError when it is in one but cannot deploy.
 */
export async function ensureSwarm(host: string): Promise<boolean> {
  const format = "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}} {{.Swarm.Error}}";
  const [state, manages, ...error] = (await dockerOrFail(host, ["info", "--format", format])).trim().split(" ");
  if (state === "inactive") {
    const init = ["swarm", "init", `--advertise-addr=${address}`, `--listen-addr=${address}:${port}`];
    const { exitCode, stderr } = await docker(host, init);
    if (exitCode === 0) return true;
    if (stderr.includes("address already in use")) {
      throw new OperatorError(
        `another Swarm of this machine has port ${port}: stop its engine (make down, where it was started), or set DOCKER_HOST to it`,
      );
    }
    throw new OperatorError(`docker swarm init failed:\n${stderr.trim()}`);
  }
  if (state === "locked") throw new OperatorError("the engine's Swarm is locked: run docker swarm unlock");
  if (state !== "active") throw new OperatorError(`the engine's Swarm is ${state ?? "unknown"}: ${error.join(" ")}`);
  if (manages !== "true") {
    throw new OperatorError(
      "this engine is a worker of a Swarm: set DOCKER_HOST to a manager of it, or leave it (docker swarm leave)",
    );
  }
  return false;
}

/** Leaves a Swarm that this project made on the user's engine, unless something else was deployed to it since. */
export async function leaveSwarm(host: string, report: Report): Promise<void> {
  for (const kind of ["service", "secret", "config"]) {
    const { stdout } = await docker(host, [kind, "ls", "--quiet"]);
    if (stdout.trim() !== "") {
      report(`the Swarm stays, as it holds something that is not of this project (docker ${kind} ls)`);
      return;
    }
  }
  await dockerOrFail(host, ["swarm", "leave", "--force"]);
  await docker(host, ["network", "rm", "docker_gwbridge"]);
}
