import { once, setMaxListeners, type EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { observeSwarm, type Observed } from "./observe.ts";

/**
 * How long without an event until what runs is asked anyway, in milliseconds. Swarm has no event for a task's state, nor for a
 * container of another node; and a stream may break silently.
 */
const atLeastEvery = 200;

/** What the client answers, in more than its declarations say. */
interface EventStream extends EventEmitter {
  destroy(): void;
}

/** One who waits for a Swarm. */
export interface Listener {
  /** Resolves at the next event about a container or a service, or after a moment; the first time as soon as it listens. */
  next(): Promise<void>;
  close(): void;
}

/** A Swarm that hundreds may wait for side by side: one look at a time, and one stream of events, for all of them. */
export class Watch {
  /** What runs; never as it was before the question. */
  readonly look: () => Promise<Observed>;
  readonly #docker: Docker;
  #stream: Promise<EventStream | undefined> | undefined;
  #listeners = 0;

  constructor(docker: Docker, stack: string) {
    this.#docker = docker;
    this.look = shared(() => observeSwarm(docker, stack));
  }

  /** The stream is opened with the first question of the first listener, and closed with the last one. */
  listen(): Listener {
    this.#listeners += 1;
    let listens = false;
    return {
      next: async () => {
        const stream = await (this.#stream ??= this.#open());
        if (listens) await eventOf(stream);
        listens = true;
      },
      close: () => {
        this.#listeners -= 1;
        if (this.#listeners > 0) return;
        void this.#stream?.then((stream) => stream?.destroy());
        this.#stream = undefined;
      },
    };
  }

  async #open(): Promise<EventStream | undefined> {
    const events: unknown = await this.#docker
      .getEvents({ filters: { type: ["container", "service"] } })
      .catch(() => undefined);
    if (events === undefined) return undefined;
    const stream = events as EventStream;
    setMaxListeners(0, stream);
    return stream;
  }
}

async function eventOf(stream: EventStream | undefined): Promise<void> {
  const rest = new AbortController();
  const { signal } = rest;
  const event = stream === undefined ? [] : [once(stream, "data", { signal }).catch(() => undefined)];
  await Promise.race([sleep(atLeastEvery, undefined, { signal }).catch(() => undefined), ...event]);
  rest.abort();
}

/**
 * Makes questions that are asked side by side one: hundreds of services wait for the same Swarm. An answer is never older than its
 * question: whoever asks while an answer is on its way gets the next one.
 */
export function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;
  const begin = (): Promise<T> => {
    const now = ask();
    const done = (): void => {
      if (running === now) running = undefined;
    };
    running = now;
    now.then(done, done);
    return now;
  };
  return () => {
    if (running === undefined) return begin();
    const after = (): Promise<T> => {
      next = undefined;
      return begin();
    };
    next ??= running.then(after, after);
    return next;
  };
}
