import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { observeSwarm } from "../../../components/cluster/swarm/observe.ts";

/** How often the Swarm is asked, in milliseconds. */
const every = 100;

/**
 * Measures how long a Swarm had a task that was to run and did not yet, seen from outside of what caused it: what a rotation
 * can't avoid waiting for.
 */
export class Waits {
  readonly #running: Promise<number>;
  #stop = false;

  constructor(docker: Docker, stack: string) {
    this.#running = this.#watch(docker, stack);
  }

  /** Ends the measurement. @returns seconds in which a task was on its way */
  async end(): Promise<number> {
    this.#stop = true;
    return this.#running;
  }

  async #watch(docker: Docker, stack: string): Promise<number> {
    let seconds = 0;
    let last = performance.now();
    while (!this.#stop) {
      await sleep(every);
      const { services } = await observeSwarm(docker, stack);
      const starting = services.some(({ tasks, replicas }) => {
        const running = tasks.filter(({ state }) => state === "running").length;
        return running < tasks.length || running < replicas;
      });
      const now = performance.now();
      if (starting) seconds += (now - last) / 1000;
      last = now;
    }
    return seconds;
  }
}
