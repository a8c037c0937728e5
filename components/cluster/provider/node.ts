import type Docker from "dockerode";
import { text, type Inputs, type Kind, type Problems } from "../../stores/provider/kind.ts";
import { connected, type Connection } from "../ssh/connection.ts";
import {
  addressRule,
  bootPatience,
  firstContactKeyFile,
  keyRule,
  loginOf,
  managersOf,
  reloadSshd,
  secretText,
  type Login,
  type Manager,
} from "./inputs.ts";
import { onManager, swarmInfoAtLast, unlock, until } from "./managers.ts";

interface Node extends Login, Manager {
  readonly name: string;
  readonly role: "manager" | "worker";
  /** The Swarm's managers, this one among them if it is one. */
  readonly managers: readonly Manager[];
  readonly joinToken: string;
  readonly unlockKey: string;
  readonly availability: "active" | "drain";
  readonly labels: Readonly<Record<string, string>>;
}

/** How long tasks may take to move away from a node, in milliseconds. */
const drainPatience = 120_000;
/** How long a machine that answered before may be busy, or its sshd be loading its settings anew, in milliseconds. */
const busy = 30_000;

/** A machine as a node of the Swarm: joined, labelled, drained, and taken out again. Secrets are in requests' bodies alone. */
export const node: Kind<Node> = {
  replacing: ["name", "role", "host", "address", "hostKey"],
  parse: (inputs, problems) => ({
    name: text(inputs, "name", problems, /^[a-z0-9-]+$/, "a name: a-z, 0-9, -"),
    role: text(inputs, "role", problems, /^(manager|worker)$/, "manager or worker") as Node["role"],
    host: text(inputs, "host", problems, addressRule, "an address"),
    address: text(inputs, "address", problems, addressRule, "an address"),
    hostKey: text(inputs, "hostKey", problems, keyRule, "a public key in OpenSSH's form"),
    ...loginOf(inputs, problems),
    managers: managersOf(inputs, problems),
    joinToken: secretText(inputs, "joinToken", problems),
    unlockKey: secretText(inputs, "unlockKey", problems),
    availability: text(inputs, "availability", problems, /^(active|drain)$/, "active or drain") as Node["availability"],
    labels: labelsOf(inputs, problems),
  }),
  // A machine joins before the one whose place it takes is removed, unless it was given the same address.
  id: ({ name, address }) => `${name}@${address}`,
  async create(inputs) {
    await onNode(inputs, bootPatience, async ({ docker, run }) => {
      await forgetFirstContact(run);
      await join(docker, inputs);
    });
    await describe(inputs, await nodeIdOf(inputs));
  },
  update: async (inputs, before) => describe(inputs, idIn(before) ?? (await nodeIdOf(inputs))),
  made: async (inputs, before) => ({ plain: { nodeId: idIn(before) ?? (await nodeIdOf(inputs)) } }),
  async exists(inputs, before) {
    const id = idIn(before);
    if (id === undefined) return false;
    // A manager whose engine was started anew waits for its key.
    if (inputs.role === "manager") await onNode(inputs, 0, ({ docker }) => join(docker, inputs)).catch(() => undefined);
    return onManager(inputs.managers, inputs, async (docker) => (await nodesOf(docker)).some(({ ID }) => ID === id));
  },
  async delete(inputs, before) {
    const id = idIn(before);
    const others = inputs.managers.filter(({ host }) => host !== inputs.host);
    const left = id === undefined ? undefined : await takeOut(others, inputs, id).catch(() => undefined);
    // Reachable or not: a machine that is gone can't leave by itself.
    await onNode(inputs, 0, ({ docker }) => docker.swarmLeave({ force: true })).catch(() => undefined);
    if (left !== undefined && id !== undefined) await forget(others, inputs, id).catch(() => undefined);
  },
};

function onNode<T>(inputs: Node, patience: number, work: (connection: Connection) => Promise<T>): Promise<T> {
  const { host, user, privateKey, hostKey } = inputs;
  return connected({ host, user, privateKey, hostKey }, patience, work);
}

/** The key of the first contact was in user data, which every process of the machine can read: from now on it is worth nothing. */
async function forgetFirstContact(run: Connection["run"]): Promise<void> {
  await run(
    `! test -e ${firstContactKeyFile} || { rm -f ${firstContactKeyFile} ${firstContactKeyFile}.pub && { ${reloadSshd}; }; }`,
  );
}

async function join(docker: Docker, { name, address, managers, joinToken, unlockKey }: Node): Promise<void> {
  const { LocalNodeState: state } = await swarmInfoAtLast(docker);
  if (state === "active") return;
  if (state === "locked") {
    await unlock(docker, unlockKey);
    return;
  }
  if (state === "error") await docker.swarmLeave({ force: true });
  const remotes = managers.map((manager) => manager.address).filter((other) => other !== address);
  await docker
    .swarmJoin({
      ListenAddr: `${address}:2377`,
      AdvertiseAddr: address,
      DataPathAddr: address,
      RemoteAddrs: remotes.map((other) => `${other}:2377`),
      JoinToken: joinToken,
    })
    // The engine's own message might repeat what it was given.
    .catch((error: unknown) => {
      const code =
        typeof error === "object" && error !== null && "statusCode" in error ? String(error.statusCode) : "none";
      throw new Error(`${name} could not join the Swarm (status ${code}): see its Docker Engine's log`);
    });
  await until(
    async () => (await swarmInfoAtLast(docker)).LocalNodeState === "active",
    `${name} does not become active`,
  );
}

const nodeIdOf = (inputs: Node): Promise<string> =>
  onNode(inputs, busy, async ({ docker }) => (await swarmInfoAtLast(docker)).NodeID);

const idIn = ({ nodeId }: Inputs): string | undefined => (typeof nodeId === "string" ? nodeId : undefined);

interface ApiNode {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: Readonly<Record<string, unknown>>;
  readonly Status: { readonly State: string };
}

const nodesOf = async (docker: Docker): Promise<readonly ApiNode[]> => (await docker.listNodes()) as readonly ApiNode[];

/** Labels and availability; a drained node's tasks have moved when this resolves. */
async function describe({ name, managers, labels, availability, ...login }: Node, id: string): Promise<void> {
  await onManager(managers, login, async (docker) => {
    await edit(docker, id, { Labels: labels, Availability: availability });
    const ready = async (): Promise<boolean> =>
      (await nodesOf(docker)).some(({ ID, Status }) => ID === id && Status.State === "ready");
    await until(ready, `${name} does not become ready`);
    if (availability === "drain") await drained(docker, id, name);
  });
}

async function drained(docker: Docker, id: string, name: string): Promise<void> {
  const filters = { node: [id], "desired-state": ["running"] };
  const empty = async (): Promise<boolean> => (await docker.listTasks({ filters })).length === 0;
  await until(empty, `${name} still has tasks: see docker node ps`, drainPatience);
}

async function edit(docker: Docker, id: string, change: Readonly<Record<string, unknown>>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const found = (await docker.getNode(id).inspect()) as ApiNode;
    try {
      await docker.getNode(id).update({ version: found.Version.Index, ...found.Spec, ...change });
      return;
    } catch (error) {
      // Somebody else edited it in between.
      if (tries === 5) throw error;
    }
  }
}

/** Its tasks go first, then its vote. */
async function takeOut(managers: readonly Manager[], { name, role, ...login }: Node, id: string): Promise<boolean> {
  return onManager(managers, login, async (docker) => {
    await edit(docker, id, { Availability: "drain" });
    await drained(docker, id, name).catch(() => undefined);
    if (role === "manager") await edit(docker, id, { Role: "worker" });
    return true;
  });
}

async function forget(managers: readonly Manager[], login: Login, id: string): Promise<void> {
  await onManager(managers, login, (docker) => docker.getNode(id).remove({ force: true }));
}

function labelsOf(inputs: Inputs, problems: Problems): Readonly<Record<string, string>> {
  const labels = inputs["labels"];
  const isMap =
    typeof labels === "object" && labels !== null && Object.values(labels).every((one) => typeof one === "string");
  if (isMap) return labels as Readonly<Record<string, string>>;
  problems.set("labels", "must be a map of texts");
  return {};
}
