/** A Docker Engine behind an SSH server of this process: the real protocol, on the loopback. */
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import { connect as dial, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import ssh2, { type Connection as SshConnection, type Server as SshServer } from "ssh2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Target } from "../../../components/cluster/ssh/connection.ts";
import { remoteDocker } from "../../../components/cluster/ssh/remoteDocker.ts";
import { beginAgain } from "../../../components/cluster/swarm/stall.ts";

// The library can't parse every Ed25519 key that it generates.
const key = () => ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
const keys = { host: key(), user: key() };

/** Of what takes moments: tests run beside each other. */
const patience = { timeout: 30_000 };

describe("a remote Docker Engine", () => {
  let engine: HttpServer;
  let machine: SshServer;
  let updates: string[];
  let logins: SshConnection[];
  let left: SshConnection[];
  /** What the engine answers to an update. */
  let refusal: string | undefined;

  const target = (): Promise<Target> => Promise.resolve(known);
  let known: Target;

  beforeEach(async () => {
    [updates, logins, left, refusal] = [[], [], [], undefined];
    // Those of this test: an earlier one's last connection may end meanwhile.
    const ended = left;
    engine = createServer((request, response) => {
      const json = (status: number, body: unknown): void => {
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      };
      if (request.url === "/events") response.writeHead(200).write("{}\n");
      else if (request.url?.startsWith("/events?") === true) {
        response.writeHead(200);
        const flood = (): void => {
          if (!response.destroyed) response.write("{}\n".repeat(100_000), flood);
        };
        flood();
      } else if (request.method === "GET")
        json(200, { Spec: { TaskTemplate: { ForceUpdate: 3 } }, Version: { Index: 7 } });
      else {
        updates.push(request.url ?? "");
        if (refusal === undefined) json(200, {});
        else json(500, { message: refusal });
      }
    });
    await once(engine.listen(0, "127.0.0.1"), "listening");
    machine = sshServer(engine, (client) => {
      logins.push(client);
      client.on("close", () => ended.push(client));
    });
    await once(machine.listen(0, "127.0.0.1"), "listening");
    const { port } = machine.address() as AddressInfo;
    const hostKey = keys.host.public.trim();
    known = { host: "127.0.0.1", port, user: "root", privateKey: keys.user.private, hostKey };
  });

  afterEach(async () => {
    for (const client of logins) client.end();
    engine.closeAllConnections();
    await Promise.all([closed(engine), closed(machine)]);
  });

  it("answers for what is asked of a thing, as an engine here does", async () => {
    await beginAgain(remoteDocker(target), "stalled");
    expect(updates).toEqual(["/services/stalled/update?version=7"]);
  });

  it("takes somebody else's update for its own, and hides no other refusal", async () => {
    refusal = "rpc error: code = Unknown desc = update out of sequence";
    await beginAgain(remoteDocker(target), "stalled");
    refusal = "no leader";
    await expect(beginAgain(remoteDocker(target), "stalled")).rejects.toThrow("no leader");
  });

  it("is left when nothing more is asked, after a stream too, and connected to again", async () => {
    const docker = remoteDocker(target);
    const events = (await docker.getEvents()) as NodeJS.ReadableStream & { destroy(): void };
    await Promise.all([docker.getService("a").inspect(), docker.getService("b").inspect()]);
    expect(logins).toHaveLength(1);
    await sleep(700);
    expect(left).toHaveLength(0);
    events.destroy();
    await expect.poll(() => left.length, patience).toBe(1);
    await docker.getService("a").inspect();
    expect(logins).toHaveLength(2);
    await expect.poll(() => left.length, patience).toBe(2);
  });

  it("is left after a stream that was given up with more in it", async () => {
    const flood: unknown = await remoteDocker(target).getEvents({ since: 1 });
    const events = flood as { destroy(): void };
    await sleep(300);
    events.destroy();
    await expect.poll(() => left.length, patience).toBe(1);
  });

  it("is connected to again when the connection broke", async () => {
    const docker = remoteDocker(target);
    await docker.getService("a").inspect();
    logins[0]?.end();
    await expect.poll(() => left.length, patience).toBe(1);
    await docker.getService("a").inspect();
    expect(logins).toHaveLength(2);
  });

  it("of another host key is told nothing", async () => {
    known = { ...known, hostKey: keys.user.public.trim() };
    await expect(remoteDocker(target).getService("a").inspect()).rejects.toThrow("another SSH host key");
    expect(logins).toHaveLength(0);
  });
});

/** Lets the one user in, and leads streams to the engine's socket to `engine`. */
function sshServer(engine: HttpServer, onLogin: (client: SshConnection) => void): SshServer {
  return new ssh2.Server({ hostKeys: [keys.host.private] }, (client) => {
    client.on("error", () => undefined);
    client.on("authentication", (context) => {
      if (context.method === "publickey" && context.username === "root") context.accept();
      else context.reject(["publickey"]);
    });
    client.on("ready", () => {
      onLogin(client);
    });
    client.on("openssh.streamlocal", (accept) => {
      const stream = accept();
      const socket = dial((engine.address() as AddressInfo).port, "127.0.0.1");
      socket.on("error", () => stream.end());
      stream.on("error", () => socket.destroy()).on("close", () => socket.destroy());
      stream.pipe(socket).pipe(stream);
    });
  });
}

function closed(server: { close(done: () => void): unknown }): Promise<void> {
  return new Promise((done) => {
    server.close(() => {
      done();
    });
  });
}
