/** EC2's networks, EFS' volumes and Cloud Map's names. */
import { EC2, type IpPermission, type ResourceType } from "@aws-sdk/client-ec2";
import { EFS } from "@aws-sdk/client-efs";
import { ServiceDiscovery } from "@aws-sdk/client-servicediscovery";
import { listOf, objectOf, tagList, text, texts } from "./inputs.ts";
import type { Inputs } from "../../../components/stores/provider/kind.ts";
import type { AwsKind } from "./provider.ts";

const ec2 = new EC2();
const efs = new EFS();
const discovery = new ServiceDiscovery();

const tags = (inputs: Inputs, ResourceType: ResourceType) => [{ ResourceType, Tags: [...tagList(inputs)] }];

const vpc: AwsKind = {
  replacing: ["cidrBlock"],
  async create(inputs) {
    const { Vpc: made } = await ec2.createVpc({
      CidrBlock: text(inputs, "cidrBlock"),
      TagSpecifications: tags(inputs, "vpc"),
    });
    const id = made?.VpcId ?? "";
    if (inputs["enableDnsHostnames"] === true)
      await ec2.modifyVpcAttribute({ VpcId: id, EnableDnsHostnames: { Value: true } });
    return { id };
  },
  delete: (id) => ec2.deleteVpc({ VpcId: id }),
};

const subnet: AwsKind = {
  replacing: ["vpcId", "cidrBlock", "availabilityZone"],
  async create(inputs) {
    const { Subnet: made } = await ec2.createSubnet({
      VpcId: text(inputs, "vpcId"),
      CidrBlock: text(inputs, "cidrBlock"),
      AvailabilityZone: text(inputs, "availabilityZone"),
      TagSpecifications: tags(inputs, "subnet"),
    });
    return { id: made?.SubnetId ?? "" };
  },
  delete: (id) => ec2.deleteSubnet({ SubnetId: id }),
};

const internetGateway: AwsKind = {
  replacing: ["vpcId"],
  async create(inputs) {
    const made = await ec2.createInternetGateway({ TagSpecifications: tags(inputs, "internet-gateway") });
    const id = made.InternetGateway?.InternetGatewayId ?? "";
    await ec2.attachInternetGateway({ InternetGatewayId: id, VpcId: text(inputs, "vpcId") });
    return { id };
  },
  async delete(id, inputs) {
    await ec2.detachInternetGateway({ InternetGatewayId: id, VpcId: text(inputs, "vpcId") });
    await ec2.deleteInternetGateway({ InternetGatewayId: id });
  },
};

const routeTable: AwsKind = {
  replacing: ["vpcId"],
  async create(inputs) {
    const made = await ec2.createRouteTable({ VpcId: text(inputs, "vpcId") });
    const id = made.RouteTable?.RouteTableId ?? "";
    for (const route of listOf(inputs["routes"])) {
      const [to, by] = [text(route, "cidrBlock"), text(route, "gatewayId")];
      await ec2.createRoute({ RouteTableId: id, DestinationCidrBlock: to, GatewayId: by });
    }
    return { id };
  },
  delete: (id) => ec2.deleteRouteTable({ RouteTableId: id }),
};

const routeTableAssociation: AwsKind = {
  replacing: ["subnetId", "routeTableId"],
  async create(inputs) {
    const [SubnetId, RouteTableId] = [text(inputs, "subnetId"), text(inputs, "routeTableId")];
    return { id: (await ec2.associateRouteTable({ SubnetId, RouteTableId })).AssociationId ?? "" };
  },
  delete: (id) => ec2.disassociateRouteTable({ AssociationId: id }),
};

const securityGroup: AwsKind = {
  replacing: ["name", "description", "vpcId"],
  autonamed: true,
  async create(inputs) {
    const { GroupId = "" } = await ec2.createSecurityGroup({
      GroupName: text(inputs, "name"),
      Description: text(inputs, "description"),
      VpcId: text(inputs, "vpcId"),
      TagSpecifications: tags(inputs, "security-group"),
    });
    // As the provider does: AWS' own rule, which lets all out, goes.
    const all = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
    await ec2.revokeSecurityGroupEgress({ GroupId, IpPermissions: all });
    const [into, out] = [permissions(GroupId, inputs["ingress"]), permissions(GroupId, inputs["egress"])];
    if (into.length > 0) await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: into });
    if (out.length > 0) await ec2.authorizeSecurityGroupEgress({ GroupId, IpPermissions: out });
    return { id: GroupId };
  },
  delete: (id) => ec2.deleteSecurityGroup({ GroupId: id }),
};

function permissions(group: string, rules: unknown): IpPermission[] {
  return listOf(rules).map((rule) => ({
    IpProtocol: text(rule, "protocol"),
    FromPort: Number(rule["fromPort"]),
    ToPort: Number(rule["toPort"]),
    IpRanges: texts(rule["cidrBlocks"]).map((CidrIp) => ({ CidrIp })),
    UserIdGroupPairs: rule["self"] === true ? [{ GroupId: group }] : [],
  }));
}

const fileSystem: AwsKind = {
  replacing: ["encrypted", "kmsKeyId"],
  async create(inputs) {
    const made = await efs.createFileSystem({
      CreationToken: crypto.randomUUID(),
      Encrypted: inputs["encrypted"] === true,
      Tags: tagList(inputs),
    });
    return { id: made.FileSystemId ?? "", outs: { arn: made.FileSystemArn } };
  },
  delete: (id) => efs.deleteFileSystem({ FileSystemId: id }),
};

const mountTarget: AwsKind = {
  replacing: ["fileSystemId", "subnetId"],
  async create(inputs) {
    const made = await efs.createMountTarget({
      FileSystemId: text(inputs, "fileSystemId"),
      SubnetId: text(inputs, "subnetId"),
      SecurityGroups: texts(inputs["securityGroups"]),
    });
    return { id: made.MountTargetId ?? "" };
  },
  delete: (id) => efs.deleteMountTarget({ MountTargetId: id }),
};

const accessPoint: AwsKind = {
  replacing: ["fileSystemId", "posixUser", "rootDirectory"],
  async create(inputs) {
    const [user, root] = [objectOf(inputs["posixUser"]), objectOf(inputs["rootDirectory"])];
    const owner = objectOf(root["creationInfo"]);
    const made = await efs.createAccessPoint({
      ClientToken: crypto.randomUUID(),
      FileSystemId: text(inputs, "fileSystemId"),
      PosixUser: { Uid: Number(user["uid"]), Gid: Number(user["gid"]) },
      RootDirectory: {
        Path: text(root, "path"),
        CreationInfo: {
          OwnerUid: Number(owner["ownerUid"]),
          OwnerGid: Number(owner["ownerGid"]),
          Permissions: text(owner, "permissions"),
        },
      },
      Tags: tagList(inputs),
    });
    return { id: made.AccessPointId ?? "", outs: { arn: made.AccessPointArn } };
  },
  delete: (id) => efs.deleteAccessPoint({ AccessPointId: id }),
};

const namespace: AwsKind = {
  replacing: ["name", "vpc"],
  async create(inputs) {
    const [Name, Vpc] = [text(inputs, "name"), text(inputs, "vpc")];
    await discovery.createPrivateDnsNamespace({ Name, Vpc, Tags: tagList(inputs) });
    const { Namespaces = [] } = await discovery.listNamespaces({});
    const made = Namespaces.find((one) => one.Name === Name);
    return { id: made?.Id ?? "", outs: { arn: made?.Arn } };
  },
  delete: (id) => discovery.deleteNamespace({ Id: id }),
};

const discoveryService: AwsKind = {
  replacing: ["name"],
  autonamed: true,
  async create(inputs) {
    const dns = objectOf(inputs["dnsConfig"]);
    const { Service: made } = await discovery.createService({
      Name: text(inputs, "name"),
      NamespaceId: text(dns, "namespaceId"),
      DnsConfig: {
        RoutingPolicy: text(dns, "routingPolicy") as "MULTIVALUE",
        DnsRecords: listOf(dns["dnsRecords"]).map((record) => ({
          Type: text(record, "type") as "A",
          TTL: Number(record["ttl"]),
        })),
      },
    });
    return { id: made?.Id ?? "", outs: { arn: made?.Arn } };
  },
  delete: (id) => discovery.deleteService({ Id: id }),
};

export const networkKinds: Readonly<Record<string, AwsKind>> = {
  "aws:ec2/vpc:Vpc": vpc,
  "aws:ec2/subnet:Subnet": subnet,
  "aws:ec2/internetGateway:InternetGateway": internetGateway,
  "aws:ec2/routeTable:RouteTable": routeTable,
  "aws:ec2/routeTableAssociation:RouteTableAssociation": routeTableAssociation,
  "aws:ec2/securityGroup:SecurityGroup": securityGroup,
  "aws:efs/fileSystem:FileSystem": fileSystem,
  "aws:efs/mountTarget:MountTarget": mountTarget,
  "aws:efs/accessPoint:AccessPoint": accessPoint,
  "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": namespace,
  "aws:servicediscovery/service:Service": discoveryService,
};
