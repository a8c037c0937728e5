import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { SwarmFormation, type Machine } from "../swarm/formation.ts";
import { cloudInit } from "./cloudInit.ts";
import { firewalls, type Tags } from "./network.ts";
import { nodePlans, type ClusterSettings, type NodePlan } from "./settings.ts";
import { spaces, type Issuers } from "./spaces.ts";

/** A cluster, and who administers it. */
export interface DigitalOceanClusterArgs {
  /** Prefix of every name, such as `goimg-prod`. */
  readonly name: string;
  readonly settings: ClusterSettings;
  /**
   * The operator's key: made by the stack, or the two halves of a given one.
   *
   * @default { mode: "generate" }
   */
  readonly sshKey?:
    | { readonly mode: "generate" }
    | { readonly mode: "adopt"; readonly privateKey: pulumi.Input<string>; readonly publicKey: string };
}

/** Droplets' only user that a fresh image knows. */
const user = "root";

/** How long before the certificate expires somebody is told, in days. */
const expiryDays = 21;

/** Labels that services are placed by. */
export const placement = {
  data: "node.labels.goimg.data == true",
  ingress: "node.labels.goimg.ingress == true",
} as const;

/**
 * A Swarm on DigitalOcean: droplets in a VPC behind firewalls, a reserved address that leads to the gateway, buckets, and a check from
 * outside. Nothing that knows DigitalOcean is anywhere but in this folder.
 */
export class DigitalOceanCluster extends pulumi.ComponentResource {
  readonly swarm: SwarmFormation;
  /** Who issues the keys of its buckets. */
  readonly issuers: Issuers;
  /** The reserved address, which the DNS record of the domain leads to. */
  readonly address: pulumi.Output<string>;

  constructor(name: string, args: DigitalOceanClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("goimg:cluster:DigitalOcean", name, {}, opts);
    const parent = { parent: this };
    const { settings, name: prefix } = args;
    const tag = (name: string): pulumi.Output<string> => new digitalocean.Tag(name, { name }, parent).name;
    const tags: Tags = { node: tag(prefix), ingress: tag(`${prefix}-ingress`) };
    const key = this.operatorKey(args);
    const vpc = new digitalocean.Vpc(
      "vpc",
      { name: prefix, region: settings.region, ipRange: settings.ipRange },
      parent,
    );
    const closed = firewalls(prefix, settings, tags, parent);
    const admitted = new digitalocean.SshKey("operator", { name: prefix, publicKey: key.publicKey }, parent);
    const droplets = nodePlans(settings).map((plan) => {
      const firstContact = new tls.PrivateKey(
        `${plan.name}-first-contact`,
        { algorithm: "ECDSA", ecdsaCurve: "P256" },
        parent,
      );
      const droplet = new digitalocean.Droplet(
        plan.name,
        {
          name: `${prefix}-${plan.name}`,
          region: settings.region,
          size: settings.size,
          image: settings.image,
          vpcUuid: vpc.id,
          sshKeys: [admitted.fingerprint],
          tags: plan.name === settings.ingress ? [tags.node, tags.ingress] : [tags.node],
          monitoring: true,
          userData: pulumi.secret(
            pulumi
              .all([firstContact.privateKeyOpenssh, firstContact.publicKeyOpenssh])
              .apply(([privateKey, publicKey]) => cloudInit({ privateKey, publicKey })),
          ),
        },
        // A machine is never open, not for a moment; and a new image or key of the first contact is for new machines.
        { ...parent, dependsOn: [...closed], ignoreChanges: ["userData", "sshKeys"] },
      );
      return { plan, droplet, firstContactKey: firstContact.publicKeyOpenssh };
    });
    this.swarm = new SwarmFormation(
      "swarm",
      {
        name: prefix,
        user,
        privateKey: key.privateKey,
        machines: droplets.map((one) => machineOf(one, settings)),
      },
      parent,
    );
    const reserved = new digitalocean.ReservedIp("ingress", { region: settings.region }, parent);
    const ingress = droplets.find(({ plan }) => plan.name === settings.ingress);
    if (ingress !== undefined) {
      const dropletId = ingress.droplet.id.apply(Number);
      new digitalocean.ReservedIpAssignment("ingress", { ipAddress: reserved.ipAddress, dropletId }, parent);
    }
    this.address = reserved.ipAddress;
    this.watch(prefix, settings);
    this.issuers = spaces(prefix, settings, parent);
    this.registerOutputs({ address: this.address });
  }

  private operatorKey({ sshKey = { mode: "generate" } }: DigitalOceanClusterArgs): {
    readonly privateKey: pulumi.Input<string>;
    readonly publicKey: pulumi.Input<string>;
  } {
    if (sshKey.mode === "adopt") return sshKey;
    const made = new tls.PrivateKey("operator", { algorithm: "ED25519" }, { parent: this });
    return { privateKey: made.privateKeyOpenssh, publicKey: made.publicKeyOpenssh };
  }

  /** DigitalOcean asks the gateway from outside, and tells who is to be told: of no answer, and of a certificate that expires soon. */
  private watch(prefix: string, { alertEmails, domain }: ClusterSettings): void {
    const target = `https://${domain}/healthz`;
    const check = new digitalocean.UptimeCheck(
      "gateway",
      { name: prefix, type: "https", target, regions: ["eu_west", "us_east"] },
      { parent: this },
    );
    new digitalocean.UptimeAlert(
      "gateway",
      {
        name: `${prefix}-down`,
        checkId: check.id,
        type: "down_global",
        period: "2m",
        notifications: [{ emails: [...alertEmails] }],
      },
      { parent: this },
    );
    new digitalocean.UptimeAlert(
      "certificate",
      {
        name: `${prefix}-certificate`,
        checkId: check.id,
        type: "ssl_expiry",
        comparison: "less_than",
        threshold: expiryDays,
        period: "2m",
        notifications: [{ emails: [...alertEmails] }],
      },
      { parent: this },
    );
  }
}

interface Ordered {
  readonly plan: NodePlan;
  readonly droplet: digitalocean.Droplet;
  readonly firstContactKey: pulumi.Output<string>;
}

function machineOf({ plan, droplet, firstContactKey }: Ordered, { data, ingress, drain }: ClusterSettings): Machine {
  const { name, role } = plan;
  return {
    name,
    role,
    machine: droplet.id,
    host: droplet.ipv4Address,
    address: droplet.ipv4AddressPrivate,
    firstContactKey,
    availability: drain.includes(name) ? "drain" : "active",
    labels: {
      ...(name === data ? { "goimg.data": "true" } : {}),
      ...(name === ingress ? { "goimg.ingress": "true" } : {}),
    },
  };
}
