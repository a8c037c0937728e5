import type Docker from "dockerode";
import type { Declared } from "../../secrets/declare.ts";
import { heldBy } from "../../secrets/mounts.ts";
import type { ServiceSpec } from "../../services/service.ts";
import { observeSwarm, type ObservedService } from "./observe.ts";

/** Which service has to run what, and how long that may take, in milliseconds. */
export interface GateArgs {
  readonly docker: Docker;
  readonly stack: string;
  readonly spec: ServiceSpec;
  readonly declared: readonly Declared[];
  readonly timeout: number;
}

/** How long without an event until what runs is asked anyway, in milliseconds: a stream may break silently. */
const atLeastEvery = 2_000;

/**
 * Waits until a service runs what was asked of it: its update is over, its spec is the declared one, and every task that
 * runs has it (ADR 2). The provider's own waiting counts tasks, whatever spec they run, and forgets a rollback.
 *
 * @throws Error that names the service: it was rolled back, its update is paused, or it took too long
 */
export async function settled({ docker, stack, spec, declared, timeout }: GateArgs): Promise<void> {
  const deadline = Date.now() + timeout;
  for (;;) {
    const { services } = await observeSwarm(docker, stack);
    const service = services.find(({ name }) => name === spec.name);
    const why = service === undefined ? "it does not exist" : unsettled(service, spec, declared);
    if (why === undefined) return;
    if (service?.update === "paused") throw failure(spec, "its update is paused: a task did not become healthy");
    if (service?.update === "settled" && why === "spec") throw failure(spec, "it was rolled back to what ran before");
    if (Date.now() > deadline) throw failure(spec, `${why} after ${timeout / 1000} s`);
    await nextEvent(docker);
  }
}

function unsettled(service: ObservedService, spec: ServiceSpec, declared: readonly Declared[]): string | undefined {
  if (service.update !== "settled") return "its update is under way";
  for (const state of declared.filter(({ spec: { entries } }) => spec.secrets.some((entry) => entry in entries))) {
    const due = heldBy(spec.name, state);
    if (!same(service.spec.get(state.secret), due)) return "spec";
    if (service.tasks.some(({ held }) => !same(held.get(state.secret), due))) return "a task still has the old secrets";
  }
  const healthy = service.tasks.filter(({ state }) => state === "running").length;
  return healthy < service.replicas ? `${healthy} of ${service.replicas} tasks are healthy` : undefined;
}

interface Holding {
  readonly live: readonly number[];
  readonly active: number;
}

const same = (left: Holding | undefined, right: Holding): boolean =>
  left?.active === right.active && left.live.join() === right.live.join();

const failure = ({ name }: ServiceSpec, why: string): Error =>
  new Error(
    `${name}: ${why}. See why: docker service ps --no-trunc and docker service logs. Then run: pulumi up --refresh`,
  );

/** Resolves at the engine's next event about a container or a service, or after a while. */
async function nextEvent(docker: Docker): Promise<void> {
  const stream = await docker.getEvents({ filters: { type: ["container", "service"] } });
  await new Promise<void>((done) => {
    const timer = setTimeout(done, atLeastEvery);
    for (const event of ["data", "end", "error"]) {
      stream.once(event, () => {
        clearTimeout(timer);
        done();
      });
    }
  });
  (stream as unknown as { destroy(): void }).destroy();
}
