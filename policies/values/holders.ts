import { isRecord } from "../model/properties.ts";
import { withoutHostKeys } from "./userData.ts";

/**
 * Where a secret's value may be: generators, stores, and the properties of managed services that take a password
 * because they are the one that checks it. A path's `*` is any key or index; a path covers all below it.
 *
 * `*` as the only path: every property of the type.
 */
const holders: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    "random:index:RandomPassword": ["result", "bcryptHash"],
    "random:index:RandomBytes": ["base64", "hex"],
    "random:index:RandomString": ["result"],
    "random:index:RandomId": ["id", "hex", "dec", "b64Std", "b64Url"],
    "random:index:RandomUuid": ["result"],
    "random:index:RandomPet": ["id"],
    "random:index:RandomInteger": ["result"],
    "random:index:RandomShuffle": ["results"],
    "tls:index:PrivateKey": ["privateKeyPem", "privateKeyOpenssh", "privateKeyPemPkcs8"],
    "tls:index:CertRequest": ["privateKeyPem"],
    "tls:index:SelfSignedCert": ["privateKeyPem"],
    "tls:index:LocallySignedCert": ["caPrivateKeyPem"],
    "docker:index:Secret": ["data"],
    "goimg-stores:aws:Generation": ["value"],
    "goimg-stores:env:Entry": ["value"],
    "goimg-stores:vault:Generation": ["value"],
    "goimg-stores:vault:SecretId": ["value"],
    "goimg-cluster:ssh:HostKey": ["privateKey"],
    "goimg-cluster:swarm:Swarm": ["privateKey", "managerToken", "workerToken", "unlockKey"],
    "goimg-cluster:swarm:Node": ["privateKey", "joinToken", "unlockKey"],
    "aws:secretsmanager:SecretVersion": ["secretString", "secretBinary", "secretStringWo"],
    "aws:ssm:Parameter": ["value", "valueWo"],
    "aws:rds:Instance": ["password", "passwordWo"],
    "aws:rds:Cluster": ["masterPassword", "masterPasswordWo"],
    "aws:elasticache:ReplicationGroup": ["authToken"],
    "aws:elasticache:User": ["passwords", "authenticationMode.passwords"],
    "aws:memorydb:User": ["authenticationMode.passwords"],
    "aws:redshift:Cluster": ["masterPassword"],
    "aws:mq:Broker": ["users.*.password"],
    "aws:iam:AccessKey": ["secret", "sesSmtpPasswordV4"],
    "vault:generic:Secret": ["dataJson", "data"],
    "vault:kv:Secret": ["dataJson", "data"],
    "vault:kv:SecretV2": ["dataJson", "data", "dataJsonWo"],
    "vault:database:SecretBackendConnection": ["*"],
    "digitalocean:index:DatabaseUser": ["password", "accessKey", "accessCert"],
    // The access key is its id, and is put into the store beside the secret one.
    "digitalocean:index:SpacesKey": ["id", "accessKey", "secretKey"],
    "digitalocean:index:Certificate": ["privateKey"],
    "kubernetes:core/v1:Secret": ["data", "stringData"],
    "kubernetes:index:Secret": ["data", "stringData"],
    "github:index:ActionsSecret": ["plaintextValue", "encryptedValue", "value"],
    "github:index:ActionsEnvironmentSecret": ["plaintextValue", "encryptedValue", "value"],
    "postgresql:index:Role": ["password", "passwordWo"],
    "mysql:index:User": ["plaintextPassword"],
  }),
);

/** Properties that hold a secret of the type; `["*"]` for all of them; none for a type that may hold no secret. */
export function holdingPaths(type: string): readonly string[] {
  if (type.startsWith("pulumi:providers:")) return ["*"];
  return holders.get(type) ?? [];
}

/** Stores: what a value is put into, and what services refer to. The values in them are secrets. */
export const stores: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "docker:index:Secret": "data",
    "goimg-stores:aws:Generation": "value",
    "goimg-stores:env:Entry": "value",
    "goimg-stores:vault:Generation": "value",
    "goimg-stores:vault:SecretId": "value",
    "aws:secretsmanager:SecretVersion": "secretString",
    "vault:kv:Secret": "dataJson",
    "vault:kv:SecretV2": "dataJson",
    "vault:generic:Secret": "dataJson",
    "kubernetes:core/v1:Secret": "stringData",
  }),
);

/** Generators whose output is made to be a secret, and the outputs that are one. */
export const generators: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    "random:index:RandomPassword": ["result"],
    "random:index:RandomBytes": ["base64", "hex"],
    "tls:index:PrivateKey": ["privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"],
    "goimg-cluster:swarm:Swarm": ["managerToken", "workerToken", "unlockKey"],
    "aws:iam:AccessKey": ["secret"],
    "digitalocean:index:SpacesKey": ["secretKey"],
    "digitalocean:index:DatabaseUser": ["password"],
  }),
);

/** Generators whose output is kept in the clear in the state: fit for names, never for keys. */
export const weakGenerators: ReadonlySet<string> = new Set([
  "random:index:RandomId",
  "random:index:RandomString",
  "random:index:RandomUuid",
  "random:index:RandomPet",
  "random:index:RandomInteger",
  "random:index:RandomShuffle",
]);

/** The properties of a resource without those that may hold a secret. Copies only what it changes. */
export function withoutHeld(type: string, props: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const paths = [...holdingPaths(type), ...encryptedVariables(type, props)];
  if (paths.includes("*")) return {};
  let rest: unknown = props;
  for (const path of paths) rest = without(rest, path.split("."));
  if (!isRecord(rest)) return {};
  const isMachine = type === "digitalocean:index:Droplet" && typeof rest["userData"] === "string";
  return isMachine ? { ...rest, userData: withoutHostKeys(rest["userData"] as string) } : rest;
}

/** App Platform encrypts variables of the type SECRET; the others are in the clear. Found wherever a spec has `envs`. */
function encryptedVariables(type: string, props: Readonly<Record<string, unknown>>): readonly string[] {
  if (type !== "digitalocean:index:App") return [];
  const found: string[] = [];
  const visit = (value: unknown, path: string): void => {
    if (Array.isArray(value))
      (value as unknown[]).forEach((item, index) => {
        visit(item, `${path}.${index}`);
      });
    else if (isRecord(value)) {
      const isVariable = value["type"] === "SECRET" && typeof value["key"] === "string";
      if (isVariable) found.push(`${path}.value`);
      else
        for (const [key, item] of Object.entries(value))
          if (!key.includes(".")) visit(item, path === "" ? key : `${path}.${key}`);
    }
  };
  visit(props, "");
  return found;
}

function without(tree: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return undefined;
  if (Array.isArray(tree)) {
    const list = tree as readonly unknown[];
    return list.map((item, index) => (key === "*" || key === String(index) ? without(item, rest) : item));
  }
  if (!isRecord(tree)) return tree;
  const keys = key === "*" ? Object.keys(tree) : Object.hasOwn(tree, key) ? [key] : [];
  if (keys.length === 0) return tree;
  const copy = { ...tree };
  for (const name of keys) {
    // An undefined property, not a missing one: the positions of the others stay.
    copy[name] = rest.length === 0 ? undefined : without(copy[name], rest);
  }
  return copy;
}
