import { once } from "node:events";
import type { Duplex } from "node:stream";
import type Docker from "dockerode";
import { metricsService, type Facts } from "../../components/observability/facts.ts";
import type { Observed, ObservedTask } from "../../components/cluster/swarm/observe.ts";
import { OperatorError } from "../error.ts";
import { look } from "../rotation/situation.ts";
import type { StackContext } from "../stack.ts";
import { factsOf, readPolicies } from "./facts.ts";

/**
 * Hands the facts to the stack's exporter, as the standard input of a process in its container (ADR 4): it has no port for that, no
 * credential, and its service stays as it is.
 *
 * @returns whether there is an exporter
 * @throws OperatorError if it does not take them, or runs on another node than the engine that is asked
 */
export async function pushFacts(context: StackContext): Promise<boolean> {
  const world = await look(context);
  const task = exporterIn(world.observed);
  if (task?.container === undefined) return false;
  const facts = factsOf(context.stack, world, new Date(), await readPolicies(context.stack));
  await hand(context.nodeEngine(task.node), task.container, facts);
  return true;
}

/** After a change: a failure is said, and is none of the change's. */
export async function tellExporter(context: StackContext, report: (line: string) => void): Promise<void> {
  try {
    await pushFacts(context);
  } catch (error) {
    report(`the metrics stay as they were: ${error instanceof OperatorError ? error.message : "no engine answers"}`);
  }
}

/** The exporter's task, once it is healthy. */
function exporterIn({ services }: Observed): ObservedTask | undefined {
  return services.find(({ name }) => name === metricsService)?.tasks.find(({ ready }) => ready);
}

async function hand(docker: Docker, container: string, facts: Facts): Promise<void> {
  const options = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
  let exitCode: number | null;
  try {
    const exec = await docker.getContainer(container).exec({ ...options, Cmd: ["node", "/app/metrics.mjs", "accept"] });
    const stream: Duplex = await exec.start({ hijack: true, stdin: true });
    stream.resume();
    stream.end(JSON.stringify(facts));
    await once(stream, "close");
    exitCode = (await exec.inspect()).ExitCode;
  } catch (error) {
    const { statusCode } = error as { readonly statusCode?: number };
    if (statusCode !== 404) throw error;
    throw new OperatorError(
      `the ${metricsService} task is on another node than the engine that is asked: run this against that node (DOCKER_HOST)`,
    );
  }
  if (exitCode !== 0)
    throw new OperatorError(`the ${metricsService} service does not take the facts: docker service logs`);
}
