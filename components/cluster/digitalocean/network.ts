import * as digitalocean from "@pulumi/digitalocean";
import type * as pulumi from "@pulumi/pulumi";
import type { ClusterSettings } from "./settings.ts";

/** Tags by which firewalls find the machines. */
export interface Tags {
  readonly node: pulumi.Output<string>;
  readonly ingress: pulumi.Output<string>;
}

const everybody = ["0.0.0.0/0", "::/0"];

/** What the nodes of a Swarm say to each other: the managers' port, gossip, VXLAN, and IPsec around it. */
const swarmPorts = [
  { protocol: "tcp", portRange: "2377" },
  { protocol: "tcp", portRange: "7946" },
  { protocol: "udp", portRange: "7946" },
  { protocol: "udp", portRange: "4789" },
] as const;

/**
 * Who reaches the machines: SSH from the list, the gateway from everywhere, and the Swarm's ports from its own nodes alone, which are
 * told each other's addresses in the VPC.
 *
 * DigitalOcean's firewalls have rules for TCP, UDP and ICMP, and none for ESP (protocol 50), which Docker's encrypted overlay is sent
 * in: docs/deployment/prod.md says what to try before the first service.
 */
export function firewalls(
  name: string,
  { sshFrom }: ClusterSettings,
  tags: Tags,
  opts: pulumi.CustomResourceOptions,
): readonly digitalocean.Firewall[] {
  return [
    new digitalocean.Firewall(
      "nodes",
      {
        name: `${name}-nodes`,
        tags: [tags.node],
        inboundRules: [
          { protocol: "tcp", portRange: "22", sourceAddresses: [...sshFrom] },
          ...swarmPorts.map((rule) => ({ ...rule, sourceTags: [tags.node] })),
        ],
        outboundRules: [
          ...["tcp", "udp"].map((protocol) => ({ protocol, portRange: "1-65535", destinationAddresses: everybody })),
          { protocol: "icmp", destinationAddresses: everybody },
        ],
      },
      opts,
    ),
    new digitalocean.Firewall(
      "ingress",
      {
        name: `${name}-ingress`,
        tags: [tags.ingress],
        inboundRules: ["80", "443"].map((portRange) => ({
          protocol: "tcp",
          portRange,
          sourceAddresses: everybody,
        })),
      },
      opts,
    ),
  ];
}
