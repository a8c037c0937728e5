import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { connect, type Connection, type Target } from "./connection.ts";

/** How long a connection stays open for the next question, in milliseconds. A process can end that much later. */
const linger = 500;

/**
 * The Docker Engine of a machine that is reached by SSH, and that may be known only later: it is connected to when it is first asked,
 * and left when nothing more is asked.
 */
export function remoteDocker(target: () => Promise<Target>): Docker {
  let open: Promise<Connection> | undefined;
  let asked = 0;
  let pending = 0;
  const leave = async (): Promise<void> => {
    const last = asked;
    await sleep(linger);
    if (pending > 0 || asked !== last) return;
    const left = open;
    open = undefined;
    (await left)?.close();
  };
  const ask = async (method: PropertyKey, args: readonly unknown[]): Promise<unknown> => {
    asked += 1;
    pending += 1;
    try {
      open ??= target().then((known) => connect(known));
      const { docker } = await open;
      return await (Reflect.get(docker, method) as (...given: unknown[]) => Promise<unknown>).apply(docker, [...args]);
    } catch (error) {
      open = undefined;
      throw error;
    } finally {
      pending -= 1;
      void leave();
    }
  };
  const engine: unknown = new Proxy(
    {},
    {
      // Not a promise itself: whoever awaits it would ask the machine for `then`.
      get: (_, method) => (method === "then" ? undefined : (...args: readonly unknown[]) => ask(method, args)),
    },
  );
  return engine as Docker;
}
