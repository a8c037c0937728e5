import { connect, createServer } from "node:net";

/** Docker's socket under another path, until it is broken: every connection through it then, and its file. */
export async function relayTo(target: string, socket: string): Promise<{ readonly break: () => void }> {
  const open = new Set<{ destroy: () => unknown }>();
  const server = createServer((client) => {
    const docker = connect(target);
    for (const end of [client, docker]) {
      open.add(end);
      end.on("error", () => undefined);
      end.on("close", () => open.delete(end));
    }
    client.pipe(docker).pipe(client);
  });
  await new Promise<void>((done) => server.listen(socket, done));
  return {
    break() {
      server.close();
      for (const end of open) end.destroy();
    },
  };
}
