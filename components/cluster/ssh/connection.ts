import { Agent, type ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import Docker from "dockerode";
// What OpenSSH speaks, in TypeScript's own process: dockerode brings it, and no key goes through a file or an argument.
import { Client, type ServerHostKeyAlgorithm } from "ssh2";

/** A machine, and what is known of it before the first connection. */
export interface Target {
  /** Its address, as the operator reaches it. */
  readonly host: string;
  /** @default 22 */
  readonly port?: number;
  /** Who logs in. */
  readonly user: string;
  /** In OpenSSH's or PEM's form. A secret. */
  readonly privateKey: string;
  /** The one public key that the machine may prove to have: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
}

/** A connection to a machine whose host key was checked. */
export interface Connection {
  /** The machine's Docker Engine. */
  readonly docker: Docker;
  /** A stream of its own to the machine's Docker Engine. */
  readonly dial: () => Promise<Duplex>;
  /** Runs a command, whose text holds no secret, and answers what it printed. @throws Error with its exit code and its last line */
  readonly run: (command: string) => Promise<string>;
  readonly close: () => void;
  /** Resolves when it is over, whoever ended it. */
  readonly ended: Promise<void>;
}

/** The machine proved to have another host key than the one that is known: never tried again. */
export class HostKeyMismatch extends Error {
  constructor(host: string) {
    super(
      `${host} has another SSH host key than the one that this stack knows: it is another machine, or somebody is in between. ` +
        "If it was rebuilt by hand, replace its droplet: pulumi up --replace URN",
    );
    this.name = "HostKeyMismatch";
  }
}

/** How long one attempt may take, in milliseconds. */
const attempt = 10_000;

/**
 * Connects, and checks the host key before anything is sent that identifies the operator.
 *
 * @param patience how long a machine that is starting may take to answer, in milliseconds
 * @throws HostKeyMismatch, or Error that names the machine and what to look at
 */
export async function connect(target: Target, patience = 0): Promise<Connection> {
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      return await tryToConnect(target);
    } catch (error) {
      if (error instanceof HostKeyMismatch || Date.now() > deadline) throw error;
      await sleep(500);
    }
  }
}

/** Does something over a connection of its own. @throws as {@link connect}, and what `work` throws */
export async function connected<T>(
  target: Target,
  patience: number,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(target, patience);
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

function tryToConnect({ host, port = 22, user, privateKey, hostKey }: Target): Promise<Connection> {
  const [algorithm = "", expected = ""] = hostKey.trim().split(" ");
  const client = new Client();
  return new Promise((done, fail) => {
    let mismatch = false;
    client
      .on("ready", () => {
        done(connectionOf(client, host));
      })
      .on("error", (error) => {
        client.end();
        // The library's messages name addresses and methods, and no key.
        fail(mismatch ? new HostKeyMismatch(host) : new Error(`${host} can't be reached by SSH: ${error.message}`));
      })
      .connect({
        host,
        port,
        username: user,
        privateKey,
        readyTimeout: attempt,
        keepaliveInterval: 5000,
        algorithms: { serverHostKey: [algorithm as ServerHostKeyAlgorithm] },
        hostVerifier: (offered: Buffer): boolean => {
          mismatch = !offered.equals(Buffer.from(expected, "base64"));
          return !mismatch;
        },
      });
  });
}

function connectionOf(client: Client, host: string): Connection {
  const dial = (): Promise<Duplex> =>
    new Promise((done, fail) => {
      client.openssh_forwardOutStreamLocal("/var/run/docker.sock", (error, stream) => {
        if (error === undefined) done(drained(stream));
        else fail(new Error(`${host}: its Docker Engine does not answer yet`));
      });
    });
  return {
    docker: dockerOver(dial),
    dial,
    run: (command) => runOn(client, host, command),
    close: () => {
      client.end();
    },
    ended: new Promise((done) => client.once("close", done)),
  };
}

/** The library tells that a stream is closed once it was read to its end, which nobody does with one that is given up. */
function drained(stream: Duplex): Duplex {
  const destroy = stream.destroy.bind(stream);
  stream.destroy = (error) => {
    // Who listened would pause it again.
    stream.removeAllListeners("data").resume();
    return destroy(error);
  };
  return stream;
}

/** A client of the Docker Engine at the other end of such streams: each request has one of its own. */
export function dockerOver(dial: () => Promise<Duplex>): Docker {
  const agent = new Agent({ keepAlive: false });
  // The client shows its options to its log at each request, wanted or not: all connections, with their keys, in seconds of work.
  Object.defineProperty(agent, inspect.custom, { value: () => "over SSH" });
  const streams = agent as unknown as {
    createConnection(options: ClientRequestArgs, connected: (error: Error | null, stream?: Duplex) => void): void;
  };
  streams.createConnection = (_, connected) => {
    dial().then(
      (stream) => {
        connected(null, stream);
      },
      (error: unknown) => {
        connected(error instanceof Error ? error : new Error(String(error)));
      },
    );
  };
  // A name for the requests' header: they go through the streams.
  return new Docker({ protocol: "http", host: "docker", port: 80, agent } as Docker.DockerOptions);
}

function runOn(client: Client, host: string, command: string): Promise<string> {
  return new Promise((done, fail) => {
    client.exec(command, (error, stream) => {
      if (error !== undefined) {
        fail(new Error(`${host} runs no commands: ${error.message}`));
        return;
      }
      let printed = "";
      let complaint = "";
      stream.on("data", (data: Buffer) => (printed += data.toString("utf8")));
      stream.stderr.on("data", (data: Buffer) => (complaint += data.toString("utf8")));
      stream.on("close", (code: number | null) => {
        if (code === 0) done(printed);
        else
          fail(
            new Error(
              `${host}: a command exited with ${code ?? "no code"}: ${complaint.trim().split("\n").at(-1) ?? ""}`,
            ),
          );
      });
    });
  });
}
