import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { observeSwarm } from "../../components/cluster/swarm/observe.ts";
import { vault } from "../../components/stores/provider/vaultClient.ts";
import type { VaultSettings } from "../../components/stores/settings.ts";
import { keptInVault, vaultFolder } from "../../components/stores/vaultPlaces.ts";
import { member } from "../../runtime/vaultHttp.ts";
import { OperatorError } from "../error.ts";
import { withoutHeaders } from "../rotation/reports.ts";
import { saltedHash } from "./values.ts";

/** Salted SHA-256 of what a store itself holds, by `ENTRY.G`; a value that it can't be asked for is missing. */
export type ReadBack = ReadonlyMap<string, string>;

/** Reads every generation of a stack back from Vault, as the operator. */
export async function readBackFromVault(stack: string, settings: VaultSettings, salt: string): Promise<ReadBack> {
  const { address, mount } = settings;
  const kept = await keptInVault({ address, mount, stack });
  const read = await Promise.all(
    kept.map(async ({ entry, generation }) => {
      const route = `${mount}/data/${vaultFolder(stack)}/${entry}?version=${generation}`;
      const value = member(await vault(address, "GET", route), "data", "data", "value");
      return typeof value === "string" ? [[`${entry}.${generation}`, saltedHash(salt, value)] as const] : [];
    }),
  );
  return new Map(read.flat());
}

/** How long the task may take that looks at Swarm's secrets, in milliseconds. */
const patience = 60_000;

/**
 * Swarm's secrets can't be read by its API: a task mounts all of a stack's and prints salted hashes. The salt is a secret too, so
 * that its log says nothing to others. Both are removed again, and first those of a run that was killed.
 *
 * @param image one with `sh` and `sha256sum`
 * @throws OperatorError if the task did not end well
 */
export async function readBackFromSwarm(docker: Docker, stack: string, image: string, salt: string): Promise<ReadBack> {
  const name = `goimg-${stack}-read-back`;
  await removeLeftovers(docker, name);
  const { secrets } = await observeSwarm(docker, stack);
  if (secrets.length === 0) return new Map();
  const saltId = await create(docker, name, salt);
  const names = await secretNames(docker);
  const file = (id: string, target: string) => ({
    SecretID: id,
    SecretName: names.get(id) ?? name,
    File: { Name: target, UID: "0", GID: "0", Mode: 0o400 },
  });
  const script = "cd /run/secrets && for f in *.*; do echo $f $(cat salt $f | sha256sum); done; echo read-back-end";
  const service = {
    Name: name,
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        Command: ["sh", "-c", script],
        User: "0:0",
        ReadOnly: true,
        Secrets: [
          file(saltId, "salt"),
          ...secrets.map(({ id, entry, generation }) => file(id, `${entry}.${generation}`)),
        ],
      },
      RestartPolicy: { Condition: "none" as const },
      LogDriver: { Name: "json-file" },
    },
    Mode: { Replicated: { Replicas: 1 } },
  };
  try {
    await docker.createService(service as Docker.CreateServiceOptions);
    const log = await endOfLog(docker, name);
    return new Map(
      [...log.matchAll(/^([A-Z0-9_]+\.\d+) ([0-9a-f]{64})/gm)].map(([, key = "", hash = ""]) => [key, hash]),
    );
  } finally {
    await removeLeftovers(docker, name);
  }
}

export const newSalt = (): string => randomBytes(32).toString("hex");

async function create(docker: Docker, name: string, value: string): Promise<string> {
  const { id } = (await docker.createSecret({
    Name: name,
    Data: Buffer.from(value).toString("base64"),
    Labels: {},
  })) as unknown as { readonly id: string };
  return id;
}

interface Named {
  readonly ID: string;
  readonly Spec: { readonly Name: string };
}

async function secretNames(docker: Docker): Promise<ReadonlyMap<string, string>> {
  const all = (await docker.listSecrets()) as unknown as readonly Named[];
  return new Map(all.map(({ ID, Spec }) => [ID, Spec.Name]));
}

async function removeLeftovers(docker: Docker, name: string): Promise<void> {
  const filters = { name: [name] };
  for (const { ID } of await docker.listServices({ filters })) await docker.getService(ID).remove();
  const secrets = (await docker.listSecrets({ filters })) as unknown as readonly Named[];
  for (const { ID } of secrets.filter(({ Spec }) => Spec.Name === name)) await docker.getSecret(ID).remove();
}

async function endOfLog(docker: Docker, name: string): Promise<string> {
  const deadline = Date.now() + patience;
  for (;;) {
    const raw = (await docker.getService(name).logs({ stdout: true })) as unknown as Buffer;
    const log = withoutHeaders(Buffer.from(raw));
    if (log.includes("read-back-end")) return log;
    if (Date.now() > deadline) {
      throw new OperatorError(`Swarm's secrets could not be read back: see docker service ps --no-trunc ${name}`);
    }
    await sleep(250);
  }
}
