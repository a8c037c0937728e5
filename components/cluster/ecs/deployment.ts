import { Cluster } from "@pulumi/aws/ecs/cluster.js";
import { Service } from "@pulumi/aws/ecs/service.js";
import { TaskDefinition } from "@pulumi/aws/ecs/taskDefinition.js";
import { Service as Discovery } from "@pulumi/aws/servicediscovery/service.js";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceName } from "../../catalog/types.ts";
import type { Declared } from "../../secrets/declare.ts";
import { required } from "../../services/order.ts";
import type { ImageName } from "../../services/service.ts";
import type { StoredEntry } from "../../stores/store.ts";
import { StoresResource } from "../../stores/storesResource.ts";
import { containerDefinition, reference, secretsOf, taskSize } from "./container.ts";
import type { EcsNetwork } from "./network.ts";
import type { EcsRoles } from "./roles.ts";
import { socketsOf, type TaskUnit } from "./units.ts";
import { EcsVolumes, volumesOf } from "./volumes.ts";

/** What runs, and with what, on one ECS cluster. */
export interface EcsDeploymentArgs {
  /** Such as `goimg-aws`. */
  readonly prefix: string;
  readonly region: string;
  readonly units: readonly TaskUnit[];
  readonly network: EcsNetwork;
  readonly roles: EcsRoles;
  readonly declared: readonly Declared[];
  /** Its ids are what `valueFrom` takes. */
  readonly stored: readonly StoredEntry[];
  readonly production: boolean;
  readonly image: (name: ImageName) => string;
}

/** Tasks of a stack on ECS Fargate, each steady, or done, before the next one needs it. */
export class EcsDeployment extends pulumi.ComponentResource {
  /** Names of the services, known once every one of them runs what was asked of it. */
  readonly settled: pulumi.Output<readonly ServiceName[]>;

  constructor(name: string, args: EcsDeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("goimg:cluster:EcsDeployment", name, {}, opts);
    const { prefix, units, network, roles } = args;
    const tags = { "goimg:stack": pulumi.getStack() };
    const settings = [{ name: "containerInsights", value: "enabled" }];
    const cluster = new Cluster(prefix, { settings, tags }, { parent: this });
    const volumes = new EcsVolumes("volumes", { units, network, roles }, { parent: this });
    const started = new Map<ServiceName, pulumi.Resource>();
    for (const unit of units) {
      const definition = this.definition(unit, args, volumes);
      const earlier = unit.after.map((other) => required(started, other));
      const opts = { parent: this, dependsOn: [...earlier, ...(volumesOf(unit).length > 0 ? volumes.ready : [])] };
      const run = unit.job
        ? this.job(unit, cluster, definition, args, opts)
        : this.service(unit, cluster, definition, args, opts);
      started.set(unit.name, run);
    }
    const done = pulumi.output([...started.values()].map((run) => run.urn));
    this.settled = done.apply(() => units.flatMap(({ services }) => services.map((spec) => spec.name)));
    this.registerOutputs({ settled: this.settled });
  }

  private definition(unit: TaskUnit, args: EcsDeploymentArgs, volumes: EcsVolumes): TaskDefinition {
    const { prefix, region, units, network, roles, declared, stored, production, image } = args;
    const identity = roles.of(units, unit.name);
    const stack = pulumi.getStack();
    const read = new Set(unit.services.flatMap((spec) => secretsOf(spec, declared).map((one) => one.reference)));
    const references = stored.filter((one) => read.has(reference(one)));
    const services = units.flatMap((one) => one.services.map((spec) => spec.name));
    // Known once each of these generations is in the store, and may be read by this task's role.
    const containerDefinitions = pulumi
      .all([identity.logs.name, pulumi.all(references.map(({ id }) => id))])
      .apply(([logs, ids]) => {
        const valueFrom = new Map(references.map((one, index) => [reference(one), ids[index] ?? ""]));
        const context = {
          stack,
          region,
          production,
          declared,
          image,
          logs,
          domain: network.domain,
          services,
          valueFrom,
        };
        return JSON.stringify(unit.services.map((spec) => containerDefinition(spec, unit, context)));
      });
    const sockets = new Set(unit.services.flatMap(socketsOf));
    return new TaskDefinition(
      unit.name,
      {
        family: `${prefix}-${unit.name}`,
        requiresCompatibilities: ["FARGATE"],
        networkMode: "awsvpc",
        ...taskSize(unit.services),
        executionRoleArn: identity.execution.arn,
        taskRoleArn: identity.task.arn,
        containerDefinitions,
        volumes: [{ name: "tmp" }, ...[...sockets].map((name) => ({ name })), ...this.shared(unit, volumes)],
        tags: { "goimg:stack": stack, "goimg:service": unit.name },
      },
      { parent: this },
    );
  }

  private shared(unit: TaskUnit, { fileSystem, points }: EcsVolumes) {
    return volumesOf(unit).map((name) => ({
      name,
      efsVolumeConfiguration: {
        fileSystemId: fileSystem.id,
        transitEncryption: "ENABLED",
        authorizationConfig: { accessPointId: required(points, name).id, iam: "ENABLED" },
      },
    }));
  }

  private service(
    unit: TaskUnit,
    cluster: Cluster,
    definition: TaskDefinition,
    { network }: EcsDeploymentArgs,
    opts: pulumi.CustomResourceOptions,
  ): Service {
    const [owner] = unit.services;
    // Two can't share its volume or its port, so the old task stops first.
    const isExclusive = owner?.rollout === "exclusive";
    const records = [{ type: "A", ttl: 5 }];
    const registry = new Discovery(
      unit.name,
      {
        name: unit.name,
        dnsConfig: { namespaceId: network.namespace.id, routingPolicy: "MULTIVALUE", dnsRecords: records },
      },
      { parent: this },
    );
    return new Service(
      unit.name,
      {
        cluster: cluster.arn,
        taskDefinition: definition.arn,
        desiredCount: owner?.replicas ?? 1,
        launchType: "FARGATE",
        platformVersion: "1.4.0",
        deploymentMinimumHealthyPercent: isExclusive ? 0 : 100,
        deploymentMaximumPercent: isExclusive ? 100 : 200,
        deploymentCircuitBreaker: { enable: true, rollback: true },
        waitForSteadyState: true,
        enableExecuteCommand: false,
        propagateTags: "SERVICE",
        networkConfiguration: {
          subnets: network.subnets.map(({ id }) => id),
          securityGroups: [...network.groupsFor(unit.services)],
          assignPublicIp: true,
        },
        serviceRegistries: { registryArn: registry.arn },
        tags: { "goimg:stack": pulumi.getStack(), "goimg:service": unit.name },
      },
      opts,
    );
  }

  private job(
    unit: TaskUnit,
    cluster: Cluster,
    definition: TaskDefinition,
    { network }: EcsDeploymentArgs,
    opts: pulumi.CustomResourceOptions,
  ): pulumi.CustomResource {
    const args = {
      cluster: cluster.arn,
      taskDefinition: definition.arn,
      subnets: network.subnets.map(({ id }) => id),
      securityGroups: [...network.groupsFor(unit.services)],
    };
    return new StoresResource("goimg-stores:ecs:Job", unit.name, args, opts);
  }
}
