import type Docker from "dockerode";
import type { Declared } from "../../secrets/declare.ts";
import { heldBy, readBy } from "../../secrets/mounts.ts";
import type { ServiceSpec } from "../../services/service.ts";
import type { ObservedService } from "./observe.ts";
import { beginAgain, Stall } from "./stall.ts";
import { taskErrors } from "./taskErrors.ts";
import { Watch } from "./watch.ts";

/** Which service has to run what, and how long that may take, in milliseconds. */
export interface SettledArgs {
  readonly docker: Docker;
  readonly stack: string;
  readonly spec: ServiceSpec;
  readonly declared: readonly Declared[];
  /** Tells what runs, and when something happens. @default one of its own */
  readonly watch?: Watch | undefined;
  /** The rollback that was the service's last one before the update (`ObservedService.rolledBack`). */
  readonly rolledBack?: string | undefined;
  readonly timeout: number;
  /** How long an update may stand still until it is begun again, in milliseconds. @default as {@link Stall} has it */
  readonly stallAfter?: number;
  /** Whether the Swarm has been asked yet: until then an old spec is none that was rolled back to. @default it has */
  readonly asked?: () => boolean;
}

const undone = "it was rolled back to what ran before";

/** How often a job may fail until the update does. */
const tries = 3;

/**
 * Waits until a service runs what was asked of it: its update is over, its spec is the declared one, and every task that
 * runs has it (ADR 2). The provider's own waiting counts tasks, whatever spec they run, and forgets a rollback.
 *
 * @throws Error that names the service: it was rolled back, its update is paused, or it took too long
 */
export async function settled(args: SettledArgs): Promise<void> {
  const { docker, stack, spec, declared, rolledBack, timeout, asked = () => true, stallAfter } = args;
  const { watch = new Watch(docker, stack) } = args;
  const deadline = Date.now() + timeout;
  const failed = new Set<string>();
  let earlier: ReadonlySet<string> | undefined;
  const events = watch.listen();
  const stall = new Stall(stallAfter);
  try {
    for (;;) {
      const wasAsked = asked();
      const { services } = await watch.look();
      const service = services.find(({ name }) => name === spec.name);
      const why = service === undefined ? "it does not exist" : unsettled(service, spec, declared);
      if (service?.rolledBack !== undefined && service.rolledBack !== rolledBack)
        throw await failure(args, service, undone);
      if (why === undefined) return;
      if (service?.update === "paused" && wasAsked)
        throw await failure(args, service, "its update is paused: a task did not become healthy");
      if (service?.update === "settled" && why === "spec" && wasAsked) throw await failure(args, service, undone);
      earlier ??= new Set(service?.failed);
      for (const task of service?.failed ?? []) if (!earlier.has(task)) failed.add(task);
      if (failed.size >= tries) throw await failure(args, service, `its job failed ${tries} times, and goes on trying`);
      if (wasAsked && service !== undefined && stall.isStalled(service)) await beginAgain(docker, service.id);
      if (Date.now() > deadline)
        throw await failure(args, service, `${why} after ${timeout / 1000} s${statesOf(service)}`);
      await events.next();
    }
  } finally {
    events.close();
  }
}

function unsettled(service: ObservedService, spec: ServiceSpec, declared: readonly Declared[]): string | undefined {
  if (service.update !== "settled") return "its update is under way";
  for (const state of readBy(spec, declared)) {
    const due = heldBy(spec.name, state);
    if (!same(service.spec.get(state.secret), due)) return "spec";
    if (service.tasks.some(({ held }) => !same(held.get(state.secret), due))) return "a task still has the old secrets";
  }
  const ready = service.tasks.filter((task) => task.ready).length;
  return ready < service.replicas ? `${ready} of ${service.replicas} tasks are healthy, or done` : undefined;
}

/** States of a service's tasks, for a person: where they stand tells what is missing. */
function statesOf(service: ObservedService | undefined): string {
  const states = Map.groupBy(service?.tasks ?? [], ({ state }) => state);
  const counts = [...states].map(([state, { length }]) => `${length} ${state}`);
  return counts.length === 0 ? "" : ` (tasks: ${counts.join(", ")})`;
}

interface Holding {
  readonly live: readonly number[];
  readonly active: number;
}

const same = (left: Holding | undefined, right: Holding): boolean =>
  left?.active === right.active && left.live.join() === right.live.join();

/** What failed and where to look, with the Swarm's own words for why its latest tasks did. */
async function failure(
  { docker, spec }: SettledArgs,
  service: ObservedService | undefined,
  why: string,
): Promise<Error> {
  const said = service === undefined ? [] : await taskErrors(docker, service.id);
  return new Error(
    `${spec.name}: ${why}. ${said.map((error) => `Docker says: ${error}. `).join("")}` +
      `See why: docker service ps --no-trunc and docker service logs. Then run: pulumi up --refresh`,
  );
}
