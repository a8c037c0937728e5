/** An engine over SSH: a real SSH server in this process, and an HTTP server in its engine's place. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { HostKeyMismatch } from "../../../components/cluster/ssh/connection.ts";
import { remoteDocker } from "../../../components/cluster/ssh/remoteDocker.ts";
import { readEvents } from "../../../cli/rotation/reports.ts";
import { beginAgain } from "../../../components/cluster/swarm/stall.ts";
import { sshEngine, type EngineAnswer } from "../../fakes/sshEngine.ts";

/** Of what takes moments: tests run beside each other. */
const patience = { timeout: 30_000 };

/** A task's log as Docker frames it. */
const framed = (text: string): string => {
  const header = Buffer.alloc(8);
  header.writeUInt8(1, 0);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return header.toString("latin1") + text;
};

const answer = (path: string): EngineAnswer => {
  if (path.startsWith("/tasks/"))
    return { status: 200, body: framed(`{"event":"secrets.report","of":"${path.split("/")[2] ?? ""}"}\n`) };
  if (path.startsWith("/events")) return { status: 200, body: '{"Type":"service"}\n', endless: true };
  if (path.startsWith("/services/gone")) return { status: 404, body: '{"message":"gone"}' };
  return { status: 200, body: '[{"ID":"one"}]' };
};

test("asks many things over one connection, streams among them, and leaves when nothing more is asked", async () => {
  await using machine = await sshEngine(answer);
  let asked = 0;
  const docker = remoteDocker(() => {
    asked += 1;
    return Promise.resolve(machine.target);
  });
  expect([asked, machine.connections.begun]).toEqual([0, 0]);
  const tasks = ["t1", "t2", "t3"];
  const [services, ...events] = await Promise.all([
    docker.listServices(),
    ...tasks.map((task) => readEvents(docker, task, ["secrets.report"])),
  ]);
  expect(services).toEqual([{ ID: "one" }]);
  expect(events).toEqual(tasks.map((of) => [{ event: "secrets.report", of }]));
  await expect(docker.getService("gone").inspect()).rejects.toMatchObject({ statusCode: 404 });
  expect([asked, machine.connections.begun]).toEqual([1, 1]);
  await expect.poll(() => machine.connections.open, patience).toBe(0);
  expect(await docker.listServices()).toEqual([{ ID: "one" }]);
  expect([asked, machine.connections.begun]).toEqual([2, 2]);
  await expect.poll(() => machine.connections.open, patience).toBe(0);
});

test("leaves when streams are given up that never end, and that nobody has read: the engine's events", async () => {
  await using machine = await sshEngine(answer);
  const docker = remoteDocker(() => Promise.resolve(machine.target));
  const streams = await Promise.all(Array.from({ length: 20 }, () => docker.getEvents()));
  await sleep(700);
  expect(machine.connections).toEqual({ begun: 1, open: 1 });
  for (const stream of streams as unknown as readonly { destroy(): void }[]) stream.destroy();
  await expect.poll(() => machine.connections.open, patience).toBe(0);
});

test("refuses a machine that proves to have another host key, and asks it nothing", async () => {
  let requests = 0;
  await using machine = await sshEngine((path) => {
    requests += 1;
    return answer(path);
  });
  await using other = await sshEngine(answer);
  const docker = remoteDocker(() => Promise.resolve({ ...machine.target, hostKey: other.target.hostKey }));
  await expect(docker.listServices()).rejects.toThrow(HostKeyMismatch);
  const stranger = remoteDocker(() => Promise.resolve({ ...machine.target, privateKey: other.target.privateKey }));
  await expect(stranger.listServices()).rejects.toThrow(/can't be reached by SSH/);
  expect(requests).toBe(0);
  await sleep(100);
  expect(machine.connections.open).toBe(0);
});

test("asks again for a machine that could not be found, and tries a request anew after a connection that broke", async () => {
  await using machine = await sshEngine(answer);
  let found = false;
  const docker = remoteDocker(() => (found ? Promise.resolve(machine.target) : Promise.reject(new Error("no state"))));
  await expect(docker.listServices()).rejects.toThrow("no state");
  found = true;
  expect(await docker.listServices()).toEqual([{ ID: "one" }]);
  machine.drop();
  await expect.poll(() => machine.connections.open, patience).toBe(0);
  expect(await docker.listServices()).toEqual([{ ID: "one" }]);
});

test("begins a stalled update again there, takes somebody else's for its own, and hides no other refusal", async () => {
  const asked: string[] = [];
  let refusal: string | undefined;
  await using machine = await sshEngine((path) => {
    asked.push(path);
    if (!path.includes("/update"))
      return { status: 200, body: '{"Spec":{"TaskTemplate":{"ForceUpdate":3}},"Version":{"Index":7}}' };
    return refusal === undefined
      ? { status: 200, body: "{}" }
      : { status: 500, body: JSON.stringify({ message: refusal }) };
  });
  const docker = remoteDocker(() => Promise.resolve(machine.target));
  await beginAgain(docker, "stalled");
  expect(asked).toEqual(["/services/stalled", "/services/stalled/update?version=7"]);
  refusal = "rpc error: code = Unknown desc = update out of sequence";
  await beginAgain(docker, "stalled");
  refusal = "no leader";
  await expect(beginAgain(docker, "stalled")).rejects.toThrow("no leader");
});
