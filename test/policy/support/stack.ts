import { generateKeyPairSync } from "node:crypto";
import { isRecord } from "../../../policies/model/properties.ts";
import type { Resource } from "../../../policies/model/rule.ts";

export const project = "shop";

export function urnOf(type: string, name: string, stack = "dev"): string {
  return `urn:pulumi:${stack}::${project}::${type}::${name}`;
}

/** A resource as the pack sees it; `from` names what a property was computed from. */
export function resource(
  type: string,
  name: string,
  props: Record<string, unknown> = {},
  options: {
    readonly from?: Record<string, readonly Resource[]>;
    readonly deleteBeforeReplace?: boolean;
    readonly after?: readonly Resource[];
  } = {},
): Resource {
  const from = Object.entries(options.from ?? {});
  return {
    type,
    name,
    urn: urnOf(type, name),
    props,
    deleteBeforeReplace: options.deleteBeforeReplace ?? false,
    dependsOn: new Map(from.map(([property, sources]) => [property, sources.map(({ urn }) => urn)])),
    after: (options.after ?? []).map(({ urn }) => urn),
  };
}

/** Values that no test may see again in a message. Invented. */
export const password = "q7ZrT2mXw9LkVb4NcJ8sHd1FgY6pAeU3oRi5BtKzQxW";
export const otherPassword = "M3nBv8CxZ1LkJh6GfDs4AaQwE9rTyU2iOpP7lKjHgFd";
export const keys = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

export const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A stack that every policy accepts: a key and a password, their store entries, an API behind a gateway, a database. */
export function compliantStack(): readonly Resource[] {
  const passwordSource = resource("random:index:RandomPassword", "DB_PASSWORD-g1", {
    length: 43,
    special: false,
    result: password,
  });
  const key = resource("tls:index:PrivateKey", "JWT_KEY-g1", {
    algorithm: "RSA",
    rsaBits: 4096,
    privateKeyPem: keys.privateKey,
    publicKeyPem: keys.publicKey,
  });
  const stored = [
    secret("DB_PASSWORD-g1", password, passwordSource),
    secret("JWT_PRIVATE_KEY-g1", keys.privateKey, key),
    secret("JWT_PUBLIC_KEY-g1", keys.publicKey, key),
  ];
  const networks = ["edge", "database"].map((name) =>
    resource("docker:index:Network", name, { name: `shop-${name}`, driver: "overlay", options: { encrypted: "true" } }),
  );
  const [edge, database] = networks as [Resource, Resource];
  return [
    resource("pulumi:pulumi:Stack", "shop-dev", { secrets: { DB_PASSWORD: { live: [1], active: 1 } } }),
    passwordSource,
    key,
    ...stored,
    ...networks,
    service("api", { networks: [edge, database], secrets: stored, replicas: 2 }),
    service("gateway", { networks: [edge], secrets: [], replicas: 1, publish: 8080 }),
    service("postgres", { networks: [database], secrets: [], replicas: 1, volume: true }),
    service("db-migrate", { networks: [database], secrets: [stored[0] as Resource], replicas: 1, job: true }),
  ];
}

export function secret(name: string, value: string, source?: Resource): Resource {
  const labels = [{ label: "goimg.entry", value: name.replace(/-g\d+$/, "") }];
  const props = { id: `id-of-${name}`, name: `${name}-0a1b2c3`, data: base64(value), labels };
  return resource("docker:index:Secret", name, props, { from: source === undefined ? {} : { data: [source] } });
}

interface ServiceArgs {
  readonly networks: readonly Resource[];
  readonly secrets: readonly Resource[];
  readonly replicas: number;
  readonly publish?: number;
  readonly volume?: true;
  readonly job?: true;
}

function service(name: string, args: ServiceArgs): Resource {
  const props = {
    name: `shop-dev-${name}`,
    labels: [{ label: "goimg.service", value: name }],
    mode: { replicated: { replicas: args.replicas } },
    convergeConfig: { delay: "1s", timeout: "3m" },
    updateConfig: {
      order: args.publish !== undefined || args.volume || args.job ? "stop-first" : "start-first",
      failureAction: args.job ? "pause" : "rollback",
    },
    endpointSpec:
      args.publish === undefined
        ? { mode: "dnsrr" }
        : { ports: [{ targetPort: args.publish, publishedPort: args.publish, publishMode: "host" }] },
    taskSpec: {
      restartPolicy: args.job ? { condition: "on-failure", maxAttempts: 5 } : { condition: "any", maxAttempts: 0 },
      // As the provider answers: both fields, of which the program gave one.
      networksAdvanceds: args.networks.map((network) => ({ id: `id-of-${network.name}`, name: "" })),
      containerSpec: {
        image: `shop/${name}:1`,
        user: "10001:10001",
        args: [name],
        env: { DB_HOST: "postgres", DB_PASSWORD_FILE: "/run/secrets/DB_PASSWORD" },
        healthcheck: { tests: ["CMD", "probe", `http://127.0.0.1:8080/healthz`], interval: "2s" },
        mounts: args.volume ? [{ type: "volume", source: "data", target: "/data", readOnly: false }] : [],
        secrets: args.secrets.map((stored) => ({
          secretId: `id-of-${stored.name}`,
          secretName: `${stored.name}-0a1b2c3`,
          fileName: stored.name,
          fileUid: "10001",
          fileGid: "10001",
          fileMode: 0o400,
        })),
      },
    },
  };
  return resource("docker:index:Service", name, props, { from: { taskSpec: [...args.networks, ...args.secrets] } });
}

/** The stack with one property of one resource changed; `undefined` removes it. */
export function withChange(
  resources: readonly Resource[],
  name: string,
  path: readonly (string | number)[],
  value: unknown,
): readonly Resource[] {
  const found = resources.filter((candidate) => candidate.name === name);
  if (found.length !== 1) throw new Error(`the stack has ${found.length} resources called ${name}`);
  return resources.map((candidate) =>
    candidate.name === name
      ? { ...candidate, props: changed(candidate.props, path, value) as Record<string, unknown> }
      : candidate,
  );
}

function changed(tree: unknown, [key, ...path]: readonly (string | number)[], value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(tree)) {
    const list = [...(tree as unknown[])];
    list[Number(key)] = changed(list[Number(key)], path, value);
    return list;
  }
  const record = isRecord(tree) ? tree : {};
  const inner = changed(record[key], path, value);
  if (inner !== undefined) return { ...record, [key]: inner };
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== String(key)));
}
