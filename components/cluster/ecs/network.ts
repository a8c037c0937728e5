import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import { PrivateDnsNamespace } from "@pulumi/aws/servicediscovery/privateDnsNamespace.js";
import * as pulumi from "@pulumi/pulumi";
import type { NetworkName, ServiceSpec } from "../../services/service.ts";

/** Where a stack's tasks are. */
export interface EcsNetworkArgs {
  /** Such as `goimg-aws`. */
  readonly prefix: string;
  /** Such as `eu-central-1`. */
  readonly region: string;
  readonly services: readonly ServiceSpec[];
}

/** A network of the stack, a volume's, or the way out. */
type GroupName = NetworkName | "volumes" | "out" | "public";

/**
 * One VPC with two public subnets, and a security group for each network of the services' descriptions: its members reach each other,
 * and nobody else reaches them. Every task may ask HTTPS of anybody, as ECS fetches its image, its secrets and its logs' place so.
 */
export class EcsNetwork extends pulumi.ComponentResource {
  readonly vpc: Vpc;
  readonly subnets: readonly Subnet[];
  readonly namespace: PrivateDnsNamespace;
  /** Domain of the services' names, such as `goimg-aws.internal`. */
  readonly domain: string;
  readonly #groups: ReadonlyMap<GroupName, SecurityGroup>;

  constructor(name: string, { prefix, region, services }: EcsNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("goimg:cluster:EcsNetwork", name, {}, opts);
    const tags = { Name: prefix, "goimg:stack": pulumi.getStack() };
    const child = { parent: this };
    this.vpc = new Vpc(
      name,
      { cidrBlock: "10.20.0.0/16", enableDnsHostnames: true, enableDnsSupport: true, tags },
      child,
    );
    const gateway = new InternetGateway(name, { vpcId: this.vpc.id, tags }, child);
    const routes = [{ cidrBlock: "0.0.0.0/0", gatewayId: gateway.id }];
    const table = new RouteTable(name, { vpcId: this.vpc.id, routes, tags }, child);
    this.subnets = ["a", "b"].map((zone, index) => {
      const place = { cidrBlock: `10.20.${index}.0/24`, availabilityZone: `${region}${zone}` };
      const subnet = new Subnet(`${name}-${zone}`, { vpcId: this.vpc.id, ...place, tags }, child);
      new RouteTableAssociation(`${name}-${zone}`, { subnetId: subnet.id, routeTableId: table.id }, child);
      return subnet;
    });
    this.domain = `${prefix}.internal`;
    this.namespace = new PrivateDnsNamespace(name, { name: this.domain, vpc: this.vpc.id, tags }, child);
    const networks = [...new Set(services.flatMap((spec) => groupsOf(spec)))].sort();
    const published = services.flatMap(({ publish = [] }) => publish.map(({ target }) => target));
    this.#groups = new Map(
      networks.map((group) => [
        group,
        new SecurityGroup(
          `${name}-${group}`,
          {
            vpcId: this.vpc.id,
            description: descriptions[group] ?? `members of ${group}`,
            ...rules(group, published),
            tags,
          },
          child,
        ),
      ]),
    );
    this.registerOutputs({});
  }

  /** Groups of a task's network interface: AWS takes five at most. */
  groupsFor(services: readonly ServiceSpec[]): readonly pulumi.Output<string>[] {
    return [...new Set(services.flatMap((spec) => groupsOf(spec)))].sort().map((group) => this.group(group));
  }

  group(name: GroupName): pulumi.Output<string> {
    const group = this.#groups.get(name);
    if (group === undefined) throw new Error(`the stack has no security group ${name}`);
    return group.id;
  }
}

const descriptions: Readonly<Partial<Record<GroupName, string>>> = {
  out: "asks HTTPS of anybody",
  public: "is reached by anybody",
  volumes: "reaches the stack's volumes",
};

function groupsOf({ networks, volumes, publish }: ServiceSpec): readonly GroupName[] {
  return [
    ...networks,
    ...(volumes.some(({ volume }) => isShared(volume)) ? (["volumes"] as const) : []),
    ...(publish === undefined ? [] : (["public"] as const)),
    "out",
  ];
}

/** A folder of a socket is of one task: a network file system carries no sockets. */
export const isShared = (volume: string): boolean => !volume.endsWith("-socket");

interface Rule {
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly self?: boolean;
  readonly cidrBlocks?: string[];
}

function rules(group: GroupName, published: readonly number[]): { readonly ingress: Rule[]; readonly egress: Rule[] } {
  const anybody = { protocol: "tcp", cidrBlocks: ["0.0.0.0/0"] };
  if (group === "out") return { ingress: [], egress: [{ ...anybody, fromPort: 443, toPort: 443 }] };
  if (group === "public") {
    return { ingress: published.map((port) => ({ ...anybody, fromPort: port, toPort: port })), egress: [] };
  }
  const members = { protocol: "tcp", fromPort: 0, toPort: 65_535, self: true };
  return { ingress: [members], egress: [members] };
}
