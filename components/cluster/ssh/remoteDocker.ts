import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { connect, dockerOver, type Connection, type Target } from "./connection.ts";

/** How long a connection stays open for the next question, in milliseconds. A process can end that much later. */
const linger = 500;

/**
 * The Docker Engine of a machine that is reached by SSH, and that may be known only later: it is connected to when it is first asked,
 * left when nothing more is asked, and connected to again after that, or when the connection broke.
 *
 * @throws at a request, what {@link connect} throws
 */
export function remoteDocker(target: () => Promise<Target>): Docker {
  let open: Promise<Connection> | undefined;
  let streams = 0;
  let asked = 0;
  const leave = async (): Promise<void> => {
    const left = open;
    open = undefined;
    await left?.then(
      ({ close }) => {
        close();
      },
      () => undefined,
    );
  };
  const release = async (): Promise<void> => {
    streams -= 1;
    const last = asked;
    await sleep(linger);
    if (streams === 0 && asked === last) await leave();
  };
  const stream = async (): Promise<Duplex> => {
    open ??= target().then((known) => connect(known));
    return (await open).dial();
  };
  return dockerOver(async (): Promise<Duplex> => {
    asked += 1;
    streams += 1;
    try {
      const held = open;
      const dialled = await stream().catch(async (error: unknown) => {
        if (open === held || held === undefined) await leave();
        if (held === undefined) throw error;
        // It broke since it was last used.
        return stream();
      });
      dialled.once("close", () => void release());
      return dialled;
    } catch (error) {
      void release();
      throw error;
    }
  });
}
