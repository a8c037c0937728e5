import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { once } from "node:events";
import ssh2 from "ssh2";
import type { Target } from "../../components/cluster/ssh/connection.ts";

/** A machine with sshd, behind which an HTTP server is in its engine's place. */
export interface SshEngine extends AsyncDisposable {
  /** How it is reached. */
  readonly target: Target;
  /** SSH connections that were begun, and those that are open. */
  readonly connections: { begun: number; open: number };
  /** Ends every SSH connection, as a network does. */
  drop(): void;
}

/** What the engine answers. */
export interface EngineAnswer {
  readonly status: number;
  readonly body: string;
  /** The same comes again and again, until nobody is there any more. */
  readonly endless?: boolean;
}

/** Paths that are asked of the engine are answered as `answer` says. */
export async function sshEngine(answer: (path: string) => EngineAnswer): Promise<SshEngine> {
  const engine = createServer(({ url = "" }, response) => {
    const { status, body, endless = false } = answer(url);
    response.writeHead(status, { "content-type": "application/json" }).write(body);
    if (!endless) {
      response.end();
      return;
    }
    const again = setInterval(() => response.write(body), 1);
    response.on("close", () => {
      clearInterval(again);
    });
  });
  await once(engine.listen(0, "127.0.0.1"), "listening");
  const { port: enginePort } = engine.address() as AddressInfo;
  // The library can't parse every Ed25519 key that it generates.
  const key = () => ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  const [host, user] = [key(), key()];
  const clients = new Set<ssh2.Connection>();
  const connections = { begun: 0, open: 0 };
  const allowed = ssh2.utils.parseKey(user.public);
  if (allowed instanceof Error) throw allowed;
  const server = new ssh2.Server({ hostKeys: [host.private] }, (client) => {
    connections.begun += 1;
    connections.open += 1;
    clients.add(client);
    client.on("authentication", (context) => {
      const known =
        context.method === "publickey" &&
        context.username === "root" &&
        context.key.data.equals(allowed.getPublicSSH());
      const signed =
        known &&
        (context.signature === undefined || allowed.verify(context.blob ?? Buffer.alloc(0), context.signature));
      if (signed) context.accept();
      else context.reject();
    });
    client.on(
      "openssh.streamlocal" as "session",
      ((accept: () => ssh2.ServerChannel, reject: () => void, info: { socketPath: string }) => {
        if (info.socketPath !== "/var/run/docker.sock") {
          reject();
          return;
        }
        const [channel, socket] = [accept(), connect(enginePort, "127.0.0.1")];
        channel.pipe(socket).pipe(channel);
      }) as never,
    );
    client.on("close", () => {
      connections.open -= 1;
      clients.delete(client);
    });
    client.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    target: { host: "127.0.0.1", port, user: "root", privateKey: user.private, hostKey: host.public },
    connections,
    drop() {
      for (const client of clients) client.end();
    },
    [Symbol.asyncDispose]: async () => {
      engine.closeAllConnections();
      await Promise.all([
        new Promise((done) => engine.close(done)),
        new Promise((done) =>
          server.close(() => {
            done(undefined);
          }),
        ),
      ]);
    },
  };
}
