/**
 * Whether this task should get requests. It becomes ready once every backend has accepted its credentials, which is what
 * an update waits for. After that a short failure of a backend changes nothing (requests try again), a cache may even
 * stay away, and the first thing that SIGTERM does is to take the task out of the gateway's choice.
 */
import type { SecretsReport } from "../../../runtime/secrets.ts";
import { describe, failure } from "./log.ts";

/** Something that the program depends on. */
export interface Backend {
  readonly name: string;
  /** Whether requests can do without it once it has been seen. */
  readonly optional: boolean;
  /** Rejects when it can't be reached or refuses the login. */
  readonly ping: () => Promise<void>;
}

/** Body of `GET /readyz`: the secrets' report (numbers, never values) and each backend's state. */
export type ReadinessReport = { event: "secrets.report"; ready: boolean; draining: boolean } & SecretsReport & {
    backends: Record<string, "up" | "down" | "unknown">;
  };

interface State {
  up: boolean;
  /** When it went down, in `now`'s milliseconds; null while it is up. */
  downSince: number | null;
}

/** How long a backend may be away before this task asks for no more requests, in milliseconds. */
const TOLERANCE = 5000;

export class Readiness {
  readonly #report: SecretsReport;
  readonly #backends: readonly Backend[];
  readonly #states = new Map<string, State>();
  readonly #now: () => number;
  #started = false;
  #draining = false;

  constructor(report: SecretsReport, backends: readonly Backend[], now: () => number = () => performance.now()) {
    this.#report = report;
    this.#backends = backends;
    this.#now = now;
  }

  /** Whether every backend was up at once, since the start. */
  get started(): boolean {
    return this.#started;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Takes the task out for good. */
  drain(): void {
    this.#draining = true;
  }

  get ready(): boolean {
    if (this.#draining || !this.#started) return false;
    return this.#backends.every(({ name, optional }) => {
      const since = this.#states.get(name)?.downSince ?? null;
      return optional || since === null || this.#now() - since < TOLERANCE;
    });
  }

  report(): ReadinessReport {
    const state = (name: string): "up" | "down" | "unknown" => {
      const known = this.#states.get(name);
      return known === undefined ? "unknown" : known.up ? "up" : "down";
    };
    return {
      event: "secrets.report",
      ready: this.ready,
      draining: this.#draining,
      ...this.#report,
      backends: Object.fromEntries(this.#backends.map(({ name }) => [name, state(name)])),
    };
  }

  /** Asks every backend once. */
  async probe(): Promise<void> {
    await Promise.all(this.#backends.map((backend) => this.#ask(backend)));
    this.#started ||= this.#backends.every(({ name }) => this.#states.get(name)?.up === true);
  }

  /** Asks again and again, quickly until the start is complete. Resolves at that moment, and goes on until `signal`. */
  watch(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const turn = (): void => {
        if (signal.aborted) return;
        void this.probe().finally(() => {
          if (this.#started) resolve();
          const timer = setTimeout(turn, this.#started ? 2000 : 200);
          timer.unref();
        });
      };
      turn();
    });
  }

  async #ask({ name, ping }: Backend): Promise<void> {
    const before = this.#states.get(name);
    try {
      await ping();
      this.#states.set(name, { up: true, downSince: null });
    } catch (error) {
      // Said once, not every second; by its class and code.
      if (before?.up !== false) failure("backend.down", error, { backend: name, ...describe(error) });
      this.#states.set(name, { up: false, downSince: before?.downSince ?? this.#now() });
    }
  }
}
