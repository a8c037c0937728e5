import { EventEmitter } from "node:events";
import type Docker from "dockerode";
import { describe, expect, it } from "vitest";
import { shared, Watch } from "../../../components/cluster/swarm/watch.ts";

describe("a shared look", () => {
  /** Answers that wait to be given, in the order of the questions. */
  const answers: ((error?: Error) => void)[] = [];
  let asked = 0;
  const look = shared(
    () =>
      new Promise<number>((done, fail) => {
        asked += 1;
        const mine = asked;
        answers.push((error) => {
          if (error === undefined) done(mine);
          else fail(error);
        });
      }),
  );

  it("is one for all that ask meanwhile, and never older than the question", async () => {
    const first = look();
    const [second, third] = [look(), look()];
    expect(asked).toBe(1);
    answers[0]?.();
    expect(await first).toBe(1);
    await expect.poll(() => asked).toBe(2);
    const fourth = look();
    answers[1]?.();
    expect(await Promise.all([second, third])).toEqual([2, 2]);
    await expect.poll(() => asked).toBe(3);
    answers[2]?.(new Error("no leader"));
    await expect(fourth).rejects.toThrow("no leader");
  });

  it("asks again after one that failed", async () => {
    const next = look();
    answers[3]?.();
    expect(await next).toBe(4);
  });
});

/** A turn of the event loop: shorter than any timer. */
const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

describe("those who watch one Swarm", () => {
  it("share one stream of events, from the first one's question to the last one's end, and can open another later", async () => {
    const streams: (EventEmitter & { destroyed: boolean })[] = [];
    const docker = {
      getEvents: () => {
        const stream = Object.assign(new EventEmitter(), {
          destroyed: false,
          destroy: () => (stream.destroyed = true),
        });
        streams.push(stream);
        return Promise.resolve(stream);
      },
    } as unknown as Docker;
    const watch = new Watch(docker, "dev");
    const listeners = Array.from({ length: 20 }, () => watch.listen());
    expect(streams).toHaveLength(0);
    await Promise.all(listeners.map((listener) => listener.next()));
    let woken = 0;
    for (const listener of listeners) void listener.next().then(() => (woken += 1));
    await turn();
    streams[0]?.emit("data", "{}");
    await turn();
    expect(woken).toBe(20);
    expect(streams[0]?.listenerCount("data")).toBe(0);
    for (const listener of listeners.slice(1)) listener.close();
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([false]);
    listeners[0]?.close();
    await expect.poll(() => streams.map(({ destroyed }) => destroyed)).toEqual([true]);
    const later = watch.listen();
    await later.next();
    later.close();
    await expect.poll(() => streams.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });

  it("are woken without events too", async () => {
    const docker = { getEvents: () => Promise.reject(new Error("no stream")) } as unknown as Docker;
    const listener = new Watch(docker, "dev").listen();
    await listener.next();
    await listener.next();
    listener.close();
  });
});
