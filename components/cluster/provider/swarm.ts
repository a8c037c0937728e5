import { text, type Kind } from "../../stores/provider/kind.ts";
import { connected } from "../ssh/connection.ts";
import { bootPatience, loginOf, managersOf, type Login, type Manager } from "./inputs.ts";
import { onManager, swarmInfoAtLast, unlockKeyOf } from "./managers.ts";

interface Swarm extends Login {
  readonly name: string;
  readonly managers: readonly Manager[];
}

/**
 * A Swarm with autolock. The first manager begins it, unless one of them is in it already: then it is taken over, so neither a
 * killed run nor a manager that was replaced begins a second one.
 */
export const swarm: Kind<Swarm> = {
  replacing: ["name"],
  parse: (inputs, problems) => ({
    name: text(inputs, "name", problems, /^[a-z0-9-]+$/, "a name: a-z, 0-9, -"),
    ...loginOf(inputs, problems),
    managers: managersOf(inputs, problems),
  }),
  id: ({ name }) => name,
  async create({ managers, ...login }) {
    const states = await Promise.all(managers.map((manager) => stateOf(manager, login)));
    if (states.some((state) => state !== "inactive")) return;
    const [first] = managers;
    if (first !== undefined) await begin(first, login);
  },
  update: () => Promise.resolve(),
  made: ({ managers, ...login }) =>
    onManager(managers, login, async (docker) => {
      const { JoinTokens: tokens } = (await docker.swarmInspect()) as {
        readonly JoinTokens: { readonly Manager: string; readonly Worker: string };
      };
      return {
        secret: { managerToken: tokens.Manager, workerToken: tokens.Worker, unlockKey: await unlockKeyOf(docker) },
      };
    }),
  // A Swarm whose managers can't be reached is not proven to be gone: beginning another one would lose its secrets.
  exists: () => Promise.resolve(true),
  // Its nodes leave it by themselves; with the last one it is gone.
  delete: () => Promise.resolve(),
};

const stateOf = ({ host, hostKey }: Manager, login: Login): Promise<string> =>
  connected(
    { ...login, host, hostKey },
    bootPatience,
    async ({ docker }) => (await swarmInfoAtLast(docker)).LocalNodeState,
  );

async function begin({ host, hostKey, address }: Manager, login: Login): Promise<void> {
  await connected({ ...login, host, hostKey }, 0, ({ docker }) =>
    docker.swarmInit({
      ListenAddr: `${address}:2377`,
      AdvertiseAddr: address,
      DataPathAddr: address,
      Spec: { EncryptionConfig: { AutoLockManagers: true } },
    }),
  );
}
