import type { Duplex } from "node:stream";
import type Docker from "dockerode";
import { connect, dockerOver, type Connection, type Target } from "./connection.ts";

/** How long a connection stays open for the next request, in milliseconds. A process can end that much later. */
const linger = 500;

/**
 * The Docker Engine of a machine that is reached by SSH, and that may be known only later: it is connected to with the first request,
 * and left when there is none any more.
 *
 * @returns a client whose requests fail with the errors of `connect` and `target`, HostKeyMismatch among them
 */
export function remoteDocker(target: () => Promise<Target>): Docker {
  let open: Promise<Connection> | undefined;
  let streams = 0;
  let leaving: NodeJS.Timeout | undefined;
  /** The next request begins another one, unless one has begun meanwhile. */
  const forget = (old: Promise<Connection> | undefined): void => {
    if (open === old) open = undefined;
  };
  const begin = (): Promise<Connection> => {
    const begun = target().then((known) => connect(known));
    begun.then(
      ({ ended }) =>
        ended.then(() => {
          forget(begun);
        }),
      () => {
        forget(begun);
      },
    );
    return begun;
  };
  const leave = (): void => {
    const left = open;
    forget(left);
    void left?.then(({ close }) => {
      close();
    });
  };
  const stream = async (): Promise<Duplex> => (await (open ??= begin())).dial();
  /** One that was open before the request may have broken since. */
  const again = (held: Promise<Connection> | undefined, error: unknown): Promise<Duplex> => {
    if (held === undefined) throw error;
    if (open === held) leave();
    return stream();
  };
  const release = (): void => {
    streams -= 1;
    if (streams === 0 && open !== undefined) leaving = setTimeout(leave, linger);
  };
  return dockerOver(async (): Promise<Duplex> => {
    clearTimeout(leaving);
    streams += 1;
    try {
      const held = open;
      return (await stream().catch((error: unknown) => again(held, error))).once("close", release);
    } catch (error) {
      release();
      throw error;
    }
  });
}
