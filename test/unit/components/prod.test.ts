/** The prod stack, without an engine: what it asks DigitalOcean for, and what it never says. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { InvalidClusterSettings, parseClusterSettings } from "../../../components/cluster/digitalocean/settings.ts";
import { unwrapped } from "../../../components/stores/provider/wire.ts";
import { noCatalogValue } from "../../../policies/no-catalog-value.ts";
import { noPlaintextEnv } from "../../../policies/no-plaintext-env.ts";
import { violationsOf } from "../../policy/support/run.ts";
import { createAuthority, type Certified } from "../../fakes/certificates.ts";
import type { Recorded } from "./mocks.ts";
import { mockEngine, resourcesOf, sentinel, settle } from "./mocks.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const shipped = parse(readFileSync(path.join(root, "Pulumi.prod.yaml"), "utf8")) as {
  readonly config: Readonly<Record<string, unknown>>;
};
const cluster = shipped.config["goimg-secrets:cluster"] as Readonly<Record<string, unknown>>;

describe("the prod stack", () => {
  let recorded: Recorded[];
  let outputs: Record<string, unknown>;
  let certified: Certified;

  beforeAll(async () => {
    const config = {
      cluster: JSON.stringify({ ...cluster, drain: ["manager-2"] }),
      generations: JSON.stringify({ S3_KEY: { live: [1, 2], active: 1 } }),
    };
    const authority = await createAuthority();
    certified = await authority.issue({ names: ["DNS:images.example.com"] });
    const external = { TLS_CERTIFICATE: { "1": certified.certificate }, TLS_PRIVATE_KEY: { "1": certified.key } };
    const given = { ...config, external: JSON.stringify(external) };
    recorded = await mockEngine(given, { stack: "prod", preview: true, encrypted: ["external"] });
    const { prod } = await import("../../../stacks/prod.ts");
    outputs = await prod();
    await settle();
  }, 60_000);

  const of = (type: string) => recorded.filter((one) => one.type === type);
  const digitalocean = (name: string) =>
    of(`digitalocean:index/${name}:${name.charAt(0).toUpperCase()}${name.slice(1)}`);

  test("is three managers and two workers of a pinned image, in a VPC", () => {
    expect(
      digitalocean("droplet").map(({ name, inputs }) => [name, inputs["image"], inputs["vpcUuid"], inputs["tags"]]),
    ).toEqual(
      ["manager-1", "manager-2", "manager-3", "worker-1", "worker-2"].map((name) => [
        name,
        "debian-12-x64",
        "vpc-id",
        name === "worker-2" ? ["goimg-prod", "goimg-prod-ingress"] : ["goimg-prod"],
      ]),
    );
  });

  test("lets SSH in from the list alone, the Swarm's ports from its nodes, and everybody to the gateway", () => {
    const rules = digitalocean("firewall")
      .map(({ name, inputs }) => [name, inputs["tags"], inputs["inboundRules"]] as const)
      .sort(([a], [b]) => (b < a ? -1 : 1));
    const node = { sourceTags: ["goimg-prod"] };
    const everybody = { sourceAddresses: ["0.0.0.0/0", "::/0"] };
    expect(rules).toEqual([
      [
        "nodes",
        ["goimg-prod"],
        [
          { protocol: "tcp", portRange: "22", sourceAddresses: ["203.0.113.7/32"] },
          { protocol: "tcp", portRange: "2377", ...node },
          { protocol: "tcp", portRange: "7946", ...node },
          { protocol: "udp", portRange: "7946", ...node },
          { protocol: "udp", portRange: "4789", ...node },
        ],
      ],
      [
        "ingress",
        ["goimg-prod-ingress"],
        [
          { protocol: "tcp", portRange: "80", ...everybody },
          { protocol: "tcp", portRange: "443", ...everybody },
        ],
      ],
    ]);
  });

  test("tells a machine nothing in its user data but the key of its first contact", () => {
    for (const { name, inputs } of digitalocean("droplet")) {
      const userData = String(unwrapped(inputs)["userData"]);
      const { ssh_keys: keys, ...rest } = parse(userData) as { readonly ssh_keys: unknown };
      expect(keys).toEqual({
        ecdsa_private: `${sentinel}-private-${name}-first-contact`,
        ecdsa_public: `ssh-public ${name}-first-contact`,
      });
      expect(JSON.stringify(rest)).not.toContain(sentinel);
      expect(Object.keys(rest)).toEqual(["ssh_pwauth", "write_files", "runcmd"]);
    }
  });

  test("has Spaces issue each generation of its keys, for one bucket alone", () => {
    const keys = digitalocean("spacesKey").map(({ name, inputs }) => [name, inputs["grants"]]);
    expect(keys.sort()).toEqual([
      ["BACKUP_S3_KEY-g1", [{ bucket: "example-goimg-backups", permission: "readwrite" }]],
      ["S3_KEY-g1", [{ bucket: "example-goimg-objects", permission: "readwrite" }]],
      ["S3_KEY-g2", [{ bucket: "example-goimg-objects", permission: "readwrite" }]],
      ["buckets-owner", [{ bucket: "", permission: "fullaccess" }]],
    ]);
    const made = of("random:index/randomPassword:RandomPassword").map(({ name }) => name);
    expect(made.filter((name) => name.includes("S3"))).toEqual([]);
    const stored = of("docker:index/secret:Secret").map(({ name }) => name);
    expect(stored).toContain("S3_SECRET_KEY-g2");
  });

  test("forms the Swarm of what it knows of each machine, and drains what is to be drained", () => {
    const nodes = of("goimg-cluster:swarm:Node");
    expect(nodes.map(({ name, inputs }) => [name, inputs["role"], inputs["availability"], inputs["labels"]])).toEqual([
      ["manager-1", "manager", "active", {}],
      ["manager-2", "manager", "drain", {}],
      ["manager-3", "manager", "active", {}],
      ["worker-1", "worker", "active", { "goimg.data": "true" }],
      ["worker-2", "worker", "active", { "goimg.ingress": "true" }],
    ]);
    const keys = of("goimg-cluster:ssh:HostKey").map(({ inputs }) => inputs["firstContactKey"]);
    expect(keys[0]).toBe("ssh-public manager-1-first-contact");
  });

  test("speaks to the Swarm with its own key and the one known host, and never without a check", () => {
    const [provider] = of("pulumi:providers:docker").filter(({ name }) => name === "swarm");
    const sshOpts = JSON.stringify(provider?.inputs["sshOpts"]);
    expect(sshOpts).toContain("StrictHostKeyChecking=yes");
    expect(sshOpts).toContain("/ssh/prod/known_hosts");
  });

  test("places data and gateway by label, and lets what needs Spaces out", () => {
    const placements = of("docker:index/service:Service").map(({ name, inputs }) => {
      const { taskSpec } = inputs as { taskSpec: { placement: { constraints?: string[] } } };
      return [name, taskSpec.placement.constraints];
    });
    const data = ["node.labels.goimg.data == true"];
    expect(Object.fromEntries(placements)).toMatchObject({
      postgres: data,
      redis: data,
      ingress: ["node.labels.goimg.ingress == true"],
      gateway: undefined,
      api: undefined,
      worker: undefined,
    });
    const networks = of("docker:index/network:Network").map(({ name, inputs }) => [name, inputs["internal"]]);
    expect(Object.fromEntries(networks)).toMatchObject({ storage: false, edge: false, database: true, cache: true });
  });

  test("answers over TLS: two gateways with the certificate, and the node's ports with what holds no secret", () => {
    interface Inputs {
      readonly mode: { readonly replicated: { readonly replicas: number } };
      readonly updateConfig: { readonly order: string };
      readonly endpointSpec: { readonly ports?: readonly Readonly<Record<string, unknown>>[] };
      readonly taskSpec: {
        readonly containerSpec: { readonly secrets: readonly Readonly<Record<string, unknown>>[] };
      };
    }
    const inputs = (name: string): Inputs => {
      const found = of("docker:index/service:Service").find((one) => one.name === name);
      return unwrapped(found?.inputs ?? {}) as unknown as Inputs;
    };
    const [ingress, gateway] = [inputs("ingress"), inputs("gateway")];
    const ports = (ingress.endpointSpec.ports ?? []).map((port) => [port["publishedPort"], port["publishMode"]]);
    expect(ports).toEqual([
      [80, "host"],
      [443, "host"],
    ]);
    expect(ingress.taskSpec.containerSpec.secrets).toEqual([]);
    expect(gateway.endpointSpec.ports).toBeUndefined();
    expect([gateway.mode.replicated.replicas, gateway.updateConfig.order]).toEqual([2, "start-first"]);
    const owner = { fileUid: "10005", fileGid: "10005", fileMode: 0o400 };
    expect(gateway.taskSpec.containerSpec.secrets).toMatchObject([
      { fileName: "TLS_CERTIFICATE", ...owner },
      { fileName: "TLS_PRIVATE_KEY", ...owner },
    ]);
    const [check] = digitalocean("uptimeCheck");
    expect(check?.inputs).toMatchObject({ type: "https", target: "https://images.example.com/healthz" });
    const alerts = digitalocean("uptimeAlert").map(({ inputs: { type, threshold } }) => [type, threshold]);
    expect(alerts.sort()).toEqual([
      ["down_global", undefined],
      ["ssl_expiry", 21],
    ]);
    expect(outputs["url"]).toBe("https://images.example.com");
  });

  test("writes no value outside the generators, the stores and what forms the Swarm; the pack finds none either", () => {
    const holders = [
      "random:index/randomPassword:RandomPassword",
      "docker:index/secret:Secret",
      "digitalocean:index/droplet:Droplet",
      "pulumi:providers:digitalocean",
      "goimg-cluster:ssh:HostKey",
      "goimg-cluster:swarm:Swarm",
      "goimg-cluster:swarm:Node",
    ];
    const elsewhere = JSON.stringify([recorded.filter(({ type }) => !holders.includes(type)), outputs]);
    expect(elsewhere).not.toContain(sentinel);
    expect(elsewhere).not.toContain(JSON.stringify(certified.key).slice(1, -1));
    const plain = recorded.map((one) => ({ ...one, inputs: unwrapped(one.inputs) }));
    expect(violationsOf(noPlaintextEnv, resourcesOf(plain))).toEqual([]);
    // With what an update knows: an issued access key is put into the store beside its secret.
    const [issued] = digitalocean("spacesKey").filter(({ name }) => name === "S3_KEY-g1");
    const access = "DO00ABCDEFGHJKLMNPQR";
    const stored = { type: "docker:index/secret:Secret", name: "S3_ACCESS_KEY-g1" };
    const known: Recorded[] = [
      { ...stored, inputs: { data: Buffer.from(access).toString("base64") } },
      { type: issued?.type ?? "", name: "S3_KEY-g1", inputs: { ...issued?.inputs, id: access, accessKey: access } },
    ];
    expect(violationsOf(noCatalogValue(), resourcesOf(known))).toEqual([]);
    const elsewhereToo: Recorded[] = [
      ...known,
      { type: "digitalocean:index/tag:Tag", name: "t", inputs: { name: access } },
    ];
    expect(violationsOf(noCatalogValue(), resourcesOf(elsewhereToo)).length).toBeGreaterThan(0);
  });
});

describe("the cluster's settings", () => {
  const problems = (change: object): string => {
    try {
      parseClusterSettings({ ...cluster, ...change });
      return "";
    } catch (error) {
      return error instanceof InvalidClusterSettings ? error.message : String(error);
    }
  };

  test("are what the shipped file says", () => {
    expect(parseClusterSettings(cluster)).toMatchObject({
      managers: 3,
      workers: 2,
      data: "worker-1",
      ingress: "worker-2",
    });
  });

  test("are refused all at once, each with its key and what is expected", () => {
    const message = problems({ region: "Frankfurt", sshFrom: [], managers: 2, colour: "red" });
    for (const key of ["region", "sshFrom", "managers", "colour"]) expect(message).toContain(`cluster.${key}: `);
  });

  test.each([
    ["SSH from everybody", { sshFrom: ["0.0.0.0/0"] }, "cluster.sshFrom"],
    ["an even number of managers", { managers: 4 }, "cluster.managers"],
    ["a data node that is not there", { data: "worker-9" }, "cluster.data"],
    ["to drain the node with the data", { drain: ["worker-1"] }, "cluster.drain"],
    ["an address in a name's place", { domain: "https://images.example.com" }, "cluster.domain"],
    ["one bucket for both", { backupBucket: cluster["bucket"] }, "cluster.backupBucket"],
  ])("refuse %s", (_, change, key) => {
    expect(problems(change)).toContain(key);
  });
});
