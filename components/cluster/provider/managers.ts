import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { connected } from "../ssh/connection.ts";
import type { Login, Manager } from "./inputs.ts";

/** How a node is in its Swarm, as `docker info` says. */
export interface SwarmInfo {
  readonly LocalNodeState: "inactive" | "pending" | "active" | "error" | "locked";
  readonly ControlAvailable: boolean;
  readonly NodeID: string;
}

/** How long a Docker Engine may take to answer after its machine does, and a node to be ready, in milliseconds. */
const patience = 180_000;

/**
 * Does something on the first manager that answers and manages.
 *
 * @throws Error that says of each manager why it does not
 */
export async function onManager<T>(
  managers: readonly Manager[],
  login: Login,
  work: (docker: Docker) => Promise<T>,
): Promise<T> {
  const reasons: string[] = [];
  for (const { host, hostKey } of managers) {
    try {
      return await connected({ ...login, host, hostKey }, 0, async ({ docker }) => {
        const { LocalNodeState: state, ControlAvailable: manages } = await swarmInfo(docker);
        if (!manages) throw new Error(`${host} is ${state === "active" ? "no manager" : state}`);
        return work(docker);
      });
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`no manager of the Swarm can be asked: ${reasons.join("; ")}`);
}

/** @throws what the engine throws */
export async function swarmInfo(docker: Docker): Promise<SwarmInfo> {
  return ((await docker.info()) as { readonly Swarm: SwarmInfo }).Swarm;
}

/** {@link swarmInfo} of an engine that may still be starting. */
export async function swarmInfoAtLast(docker: Docker): Promise<SwarmInfo> {
  let info: SwarmInfo | undefined;
  await until(async () => {
    info = await swarmInfo(docker).catch(() => undefined);
    return info !== undefined && info.LocalNodeState !== "pending";
  }, "its Docker Engine does not answer: look at the machine's /var/log/cloud-init-output.log");
  return info as SwarmInfo;
}

/** Asks every half second. @throws Error with `problem` after {@link patience}, or the time given in milliseconds */
export async function until(condition: () => Promise<boolean>, problem: string, time = patience): Promise<void> {
  const deadline = Date.now() + time;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${problem} (${time / 1000} s)`);
    await sleep(500);
  }
}

/** The key that unlocks a manager after its engine's restart. dockerode has no method for it. */
export function unlockKeyOf(docker: Docker): Promise<string> {
  return dial<{ readonly UnlockKey: string }>(docker, "GET", "/swarm/unlockkey").then(({ UnlockKey }) => UnlockKey);
}

/** In the request's body: no argument and no log holds the key. */
export async function unlock(docker: Docker, key: string): Promise<void> {
  await dial(docker, "POST", "/swarm/unlock", { UnlockKey: key });
}

function dial<T>(docker: Docker, method: string, path: string, body?: object): Promise<T> {
  const statusCodes = { 200: true, 500: "server error", 503: "not a manager" };
  return new Promise((done, fail) => {
    (docker.modem as { dial(options: object, answered: (error: unknown, data: unknown) => void): void }).dial(
      { path, method, statusCodes, ...(body === undefined ? {} : { options: body }) },
      (error, data) => {
        if (error === null) done(data as T);
        // The engine's message for a wrong key does not repeat it; this one says less still.
        else fail(new Error(`${method} ${path} was refused`));
      },
    );
  });
}
