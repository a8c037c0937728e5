import { generateKeyPairSync, randomBytes, randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import * as z from "zod";
import { secretSpecs, type SecretName } from "../../../components/catalog/grants.ts";
import type { EntrySpec, SecretSpec } from "../../../components/catalog/types.ts";
import { observeSwarm } from "../../../components/cluster/swarm/observe.ts";

/** Mark of the store entries that are made here. */
const mark = "goimg.naive";
/** How long the services may take to come back, in milliseconds. */
const patience = 180_000;

interface StoreEntry {
  readonly ID: string;
  readonly Spec: { readonly Labels: Readonly<Record<string, string>> };
}

/**
 * Rotates as a script does: a new value in place of the old one, and every service that reads it redeployed at once, the server
 * and its clients alike. The services roll as ever (start first, by health); only the order and the second generation are missing.
 *
 * @returns seconds until every service is settled
 */
export async function replaceNaively(docker: Docker, stack: string, secret: SecretName): Promise<number> {
  const began = Date.now();
  const spec: SecretSpec = secretSpecs[secret];
  const values = newValues(spec);
  const replaced = new Map<string, { readonly SecretID: string; readonly SecretName: string }>();
  const stored = (await docker.listSecrets({ filters: { label: [`goimg.stack=${stack}`] } })) as readonly StoreEntry[];
  for (const { ID, Spec } of stored) {
    const entry = Spec.Labels["goimg.entry"] ?? "";
    const value = values[entry];
    if (value === undefined) continue;
    const SecretName = `naive-${entry}-${randomBytes(4).toString("hex")}`;
    const Data = Buffer.from(value).toString("base64");
    const Labels = { ...Spec.Labels, [mark]: "true" };
    const made = z.object({ id: z.string() }).parse(await docker.createSecret({ Name: SecretName, Labels, Data }));
    replaced.set(ID, { SecretID: made.id, SecretName });
  }
  await redeploy(docker, stack, replaced);
  return (Date.now() - began) / 1000;
}

/** Removes what {@link replaceNaively} made, once nothing refers to it. */
export async function removeNaive(docker: Docker): Promise<void> {
  const made = (await docker.listSecrets({ filters: { label: [mark] } })) as readonly StoreEntry[];
  await Promise.all(
    made.map(async ({ ID }) => {
      await docker.getSecret(ID).remove();
    }),
  );
}

/** What of a service's spec is changed ("ServiceSpec" of the Docker API). */
interface WithSecrets {
  readonly TaskTemplate: {
    readonly ContainerSpec: { readonly Secrets?: readonly { readonly SecretID: string }[] };
  };
}

async function redeploy(docker: Docker, stack: string, replaced: ReadonlyMap<string, object>): Promise<void> {
  const services = await docker.listServices({ filters: { label: [`goimg.stack=${stack}`] } });
  await Promise.all(
    services.map(async ({ ID, Version, Spec }) => {
      const { TaskTemplate } = Spec as unknown as WithSecrets;
      const { ContainerSpec } = TaskTemplate;
      const mounted = ContainerSpec.Secrets ?? [];
      if (!mounted.some(({ SecretID }) => replaced.has(SecretID))) return;
      const Secrets = mounted.map((reference) => ({ ...reference, ...replaced.get(reference.SecretID) }));
      const changed = { ...TaskTemplate, ContainerSpec: { ...ContainerSpec, Secrets } };
      await docker.getService(ID).update({ ...Spec, TaskTemplate: changed, version: Version?.Index });
    }),
  );
  for (const deadline = Date.now() + patience; Date.now() < deadline;) {
    await sleep(250);
    const { services: seen } = await observeSwarm(docker, stack);
    const settled = seen.every(({ update, tasks, replicas }) => {
      return update !== "updating" && update !== "rollingBack" && tasks.filter(({ ready }) => ready).length >= replicas;
    });
    if (settled) return;
  }
}

/** New values in the catalog's formats, by entry. */
function newValues({ kind, entries }: SecretSpec): Readonly<Record<string, string>> {
  if (kind !== "rsaKeyPair") return Object.fromEntries(Object.entries(entries).map(([name, one]) => [name, text(one)]));
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 4096,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return Object.fromEntries(
    Object.entries(entries).map(([name, { format }]) => [
      name,
      format.type === "rsaPrivateKeyPem" ? privateKey : publicKey,
    ]),
  );
}

function text({ format }: EntrySpec): string {
  if (format.type !== "text") throw new Error("a generated value is of the format text");
  const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const characters = format.charset === "upperAlphanumeric" ? upper : `${upper}abcdefghijklmnopqrstuvwxyz`;
  return Array.from({ length: format.minLength }, () => characters[randomInt(characters.length)]).join("");
}
