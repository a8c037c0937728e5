import { run, runOrFail, type RunOptions, type RunResult } from "./process.ts";

function withHost(host: string | undefined, options: RunOptions): RunOptions {
  return host === undefined ? options : { ...options, env: { ...process.env, ...options.env, DOCKER_HOST: host } };
}

/** Runs the docker client against an engine; `undefined` leaves the address to the user's own settings. */
export async function docker(
  host: string | undefined,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return run("docker", args, withHost(host, options));
}

/** As {@link docker}. @throws OperatorError with what the client said. */
export async function dockerOrFail(
  host: string | undefined,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return runOrFail("docker", args, withHost(host, options));
}

/** True when an engine answers there. */
export async function dockerAnswers(host: string | undefined): Promise<boolean> {
  // `docker info` exits with 0 in some versions when only the client answers: the server's version does not.
  const { exitCode, stdout } = await docker(host, ["version", "--format", "{{.Server.Version}}"]);
  return exitCode === 0 && stdout.trim() !== "";
}
