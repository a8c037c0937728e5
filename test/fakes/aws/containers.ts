/** ECS and the logs of its tasks. */
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import {
  ECS,
  type Compatibility,
  type ContainerDefinition,
  type LaunchType,
  type NetworkMode,
} from "@aws-sdk/client-ecs";
import { listOf, objectOf, text, texts } from "./inputs.ts";
import type { Inputs } from "../../../components/stores/provider/kind.ts";
import type { AwsKind } from "./provider.ts";

const ecs = new ECS();
const logs = new CloudWatchLogs();

const tags = (inputs: Inputs) =>
  Object.entries(objectOf(inputs["tags"])).map(([key, value]) => ({ key, value: String(value) }));

const cluster: AwsKind = {
  replacing: ["name"],
  autonamed: true,
  async create(inputs) {
    const { cluster: made } = await ecs.createCluster({
      clusterName: text(inputs, "name"),
      settings: listOf(inputs["settings"]).map((one) => ({
        name: text(one, "name") as "containerInsights",
        value: text(one, "value"),
      })),
      tags: tags(inputs),
    });
    return { id: made?.clusterArn ?? "", outs: { arn: made?.clusterArn } };
  },
  delete: (id) => ecs.deleteCluster({ cluster: id }),
};

/** Every change is another revision. */
const taskDefinition: AwsKind = {
  replacing: [],
  async create(inputs) {
    const { taskDefinition: made } = await ecs.registerTaskDefinition({
      family: text(inputs, "family"),
      cpu: text(inputs, "cpu"),
      memory: text(inputs, "memory"),
      networkMode: text(inputs, "networkMode") as NetworkMode,
      requiresCompatibilities: texts(inputs["requiresCompatibilities"]) as Compatibility[],
      executionRoleArn: text(inputs, "executionRoleArn"),
      taskRoleArn: text(inputs, "taskRoleArn"),
      containerDefinitions: JSON.parse(text(inputs, "containerDefinitions") ?? "[]") as ContainerDefinition[],
      volumes: listOf(inputs["volumes"]).map(volume),
      tags: tags(inputs),
    });
    return {
      id: made?.family ?? "",
      outs: { arn: made?.taskDefinitionArn, revision: made?.revision },
    };
  },
  delete: (_id, outs) => ecs.deregisterTaskDefinition({ taskDefinition: text(outs, "arn") }),
};

function volume(given: Inputs) {
  const file = objectOf(given["efsVolumeConfiguration"]);
  const access = objectOf(file["authorizationConfig"]);
  const name = text(given, "name");
  if (given["efsVolumeConfiguration"] === undefined) return { name };
  return {
    name,
    efsVolumeConfiguration: {
      fileSystemId: text(file, "fileSystemId"),
      transitEncryption: text(file, "transitEncryption") as "ENABLED",
      authorizationConfig: { accessPointId: text(access, "accessPointId"), iam: text(access, "iam") as "ENABLED" },
    },
  };
}

/** moto runs no task, so there is no steady state to wait for. */
const service: AwsKind = {
  replacing: ["name", "cluster", "launchType"],
  autonamed: true,
  async create(inputs) {
    const { service: made } = await ecs.createService({
      serviceName: text(inputs, "name"),
      launchType: text(inputs, "launchType") as LaunchType,
      serviceRegistries: [{ registryArn: text(objectOf(inputs["serviceRegistries"]), "registryArn") }],
      tags: tags(inputs),
      ...changing(inputs),
    });
    return { id: made?.serviceArn ?? "" };
  },
  async update(id, inputs) {
    await ecs.updateService({ service: id, ...changing(inputs) });
    return undefined;
  },
  async delete(id, inputs) {
    await ecs.deleteService({ service: id, cluster: text(inputs, "cluster"), force: true });
  },
};

function changing(inputs: Inputs) {
  const network = objectOf(inputs["networkConfiguration"]);
  const breaker = objectOf(inputs["deploymentCircuitBreaker"]);
  return {
    cluster: text(inputs, "cluster"),
    taskDefinition: text(inputs, "taskDefinition"),
    desiredCount: Number(inputs["desiredCount"] ?? 1),
    platformVersion: text(inputs, "platformVersion"),
    deploymentConfiguration: {
      minimumHealthyPercent: Number(inputs["deploymentMinimumHealthyPercent"] ?? 100),
      maximumPercent: Number(inputs["deploymentMaximumPercent"] ?? 200),
      deploymentCircuitBreaker: { enable: breaker["enable"] === true, rollback: breaker["rollback"] === true },
    },
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: texts(network["subnets"]),
        securityGroups: texts(network["securityGroups"]),
        assignPublicIp: network["assignPublicIp"] === true ? ("ENABLED" as const) : ("DISABLED" as const),
      },
    },
  };
}

const logGroup: AwsKind = {
  replacing: ["name"],
  autonamed: true,
  async create(inputs) {
    const name = text(inputs, "name");
    await logs.createLogGroup({ logGroupName: name });
    const retentionInDays = inputs["retentionInDays"];
    if (typeof retentionInDays === "number") await logs.putRetentionPolicy({ logGroupName: name, retentionInDays });
    const { logGroups = [] } = await logs.describeLogGroups({ logGroupNamePrefix: name });
    const made = logGroups.find(({ logGroupName }) => logGroupName === name);
    return { id: name ?? "", outs: { arn: made?.arn?.replace(/:\*$/, "") } };
  },
  delete: (id) => logs.deleteLogGroup({ logGroupName: id }),
};

export const containerKinds: Readonly<Record<string, AwsKind>> = {
  "aws:ecs/cluster:Cluster": cluster,
  "aws:ecs/taskDefinition:TaskDefinition": taskDefinition,
  "aws:ecs/service:Service": service,
  "aws:cloudwatch/logGroup:LogGroup": logGroup,
};
