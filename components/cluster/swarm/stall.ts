import type Docker from "dockerode";
import type { ObservedService } from "./observe.ts";

/** How long everything of an update may stand still, in milliseconds: Swarm's own steps follow each other at once. */
const patience = 10_000;

/**
 * Tells when Swarm's update of a service has stopped for ever: it is under way, every task runs (or, of a job, has ended well), and
 * nothing has changed for a while.
 *
 * Why that happens: the updater waits for the very task that it has made (moby/swarmkit, `updateTask`). When that one was given to a
 * node which died before the task ran, another task takes its place, and nobody tells the updater.
 */
export class Stall {
  #seen = "";
  #since = Date.now();
  readonly #patience: number;

  constructor(milliseconds: number = patience) {
    this.#patience = milliseconds;
  }

  /** Whether it is to be helped on, by the latest look at the service. After a yes it has as long again until the next one. */
  isStalled({ update, tasks }: ObservedService): boolean {
    const now = JSON.stringify([update, tasks.map(({ id, state }) => [id, state]).sort()]);
    const still = now === this.#seen && Date.now() - this.#since >= this.#patience;
    if (still || now !== this.#seen) this.#since = Date.now();
    this.#seen = now;
    return still && update === "updating" && tasks.length > 0 && tasks.every(({ ready }) => ready);
  }
}

/**
 * Begins the update once more, with the same spec and a higher counter of forced updates, which nobody declares: the only way to get
 * Swarm's updater out of its wait. Its tasks are replaced in the order that the service's own settings give.
 */
export async function beginAgain(docker: Docker, id: string): Promise<void> {
  const service = docker.getService(id);
  const { Spec: spec, Version: version } = (await service.inspect()) as {
    readonly Spec: { readonly TaskTemplate: { readonly ForceUpdate?: number } };
    readonly Version: { readonly Index: number };
  };
  const { TaskTemplate: template } = spec;
  const again = { ...spec, TaskTemplate: { ...template, ForceUpdate: (template.ForceUpdate ?? 0) + 1 } };
  try {
    await service.update({ _query: { version: version.Index }, _body: again });
  } catch (error) {
    // Somebody else's update in the meantime is as good (moby/swarmkit, `ErrSequenceConflict`).
    if (!(error instanceof Error && error.message.includes("out of sequence"))) throw error;
  }
}
