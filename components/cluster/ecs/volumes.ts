import { AccessPoint } from "@pulumi/aws/efs/accessPoint.js";
import { FileSystem } from "@pulumi/aws/efs/fileSystem.js";
import { MountTarget } from "@pulumi/aws/efs/mountTarget.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceName } from "../../catalog/types.ts";
import type { ServiceSpec, VolumeName } from "../../services/service.ts";
import { iamPolicy } from "../../stores/iamPolicy.ts";
import { isShared, type EcsNetwork } from "./network.ts";
import type { EcsRoles } from "./roles.ts";
import type { TaskUnit } from "./units.ts";

/** A file system that is encrypted, with a folder for each volume that belongs to its services' user; reached by their roles alone. */
export class EcsVolumes extends pulumi.ComponentResource {
  readonly fileSystem: FileSystem;
  readonly points: ReadonlyMap<VolumeName, AccessPoint>;
  /** What has to be there before a task mounts anything. */
  readonly ready: readonly pulumi.Resource[];

  constructor(
    name: string,
    {
      units,
      network,
      roles,
    }: { readonly units: readonly TaskUnit[]; readonly network: EcsNetwork; readonly roles: EcsRoles },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("goimg:cluster:EcsVolumes", name, {}, opts);
    const tags = { "goimg:stack": pulumi.getStack() };
    const child = { parent: this };
    this.fileSystem = new FileSystem(name, { encrypted: true, tags }, child);
    const targets = network.subnets.map(
      (subnet, index) =>
        new MountTarget(
          `${name}-${index}`,
          { fileSystemId: this.fileSystem.id, subnetId: subnet.id, securityGroups: [network.group("volumes")] },
          child,
        ),
    );
    const owners = ownersOf(units.flatMap(({ services }) => services));
    this.points = new Map(
      [...owners].map(([volume, uid]) => {
        const owner = { ownerUid: uid, ownerGid: uid, permissions: "0700" };
        const args = {
          fileSystemId: this.fileSystem.id,
          posixUser: { uid, gid: uid },
          rootDirectory: { path: `/${volume}`, creationInfo: owner },
          tags: { ...tags, Name: volume },
        };
        return [volume, new AccessPoint(volume, args, child)];
      }),
    );
    const grants = units.flatMap((unit) => this.grant(unit, units, roles));
    this.ready = [...targets, ...grants];
    this.registerOutputs({});
  }

  private grant(unit: TaskUnit, units: readonly TaskUnit[], roles: EcsRoles): readonly pulumi.Resource[] {
    const volumes = volumesOf(unit);
    if (volumes.length === 0) return [];
    const points = volumes.flatMap((volume) => this.points.get(volume)?.arn ?? []);
    const policy = pulumi
      .all([this.fileSystem.arn, pulumi.all(points)])
      .apply(([arn, accessPoints]) => mounts(arn, accessPoints));
    return [
      new RolePolicy(`${unit.name}-volumes`, { role: roles.of(units, unit.name).task.name, policy }, { parent: this }),
    ];
  }
}

/** Volumes that outlive a task. */
export const volumesOf = ({ services }: TaskUnit): readonly VolumeName[] =>
  [...new Set(services.flatMap(({ volumes }) => volumes.map(({ volume }) => volume)))].filter(isShared).sort();

/**
 * @throws Error where two users would share a volume: on EFS its files have one owner
 */
function ownersOf(services: readonly ServiceSpec[]): ReadonlyMap<VolumeName, number> {
  const owners = new Map<VolumeName, { readonly name: ServiceName; readonly uid: number }>();
  for (const { name, uid, volumes } of services) {
    for (const { volume } of volumes.filter((mount) => isShared(mount.volume))) {
      const other = owners.get(volume);
      if (other !== undefined && other.uid !== uid) {
        throw new Error(`${name} and ${other.name} share the volume ${volume} as different users: give them one uid`);
      }
      owners.set(volume, { name, uid });
    }
  }
  return new Map([...owners].map(([volume, { uid }]) => [volume, uid]));
}

function mounts(fileSystemArn: string, accessPointArns: readonly string[]): string {
  return iamPolicy({
    Effect: "Allow",
    Action: ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
    Resource: fileSystemArn,
    Condition: { StringEquals: { "elasticfilesystem:AccessPointArn": [...accessPointArns] } },
  });
}
