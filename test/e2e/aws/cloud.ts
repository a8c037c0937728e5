/** What AWS says of the stack: moto is asked through the AWS SDK, never Pulumi. */
import { ECS, type ContainerDefinition, type TaskDefinition } from "@aws-sdk/client-ecs";
import { SecretsManager, type DescribeSecretResponse } from "@aws-sdk/client-secrets-manager";
import { nameOf, reads, roleStatements, secretStatements } from "../stores/awsAccess.ts";

/** A secret as Secrets Manager describes it, with the catalog's name of it. */
export interface StoredSecret extends DescribeSecretResponse {
  readonly entry: string;
}

/** The secrets by entry. */
export async function secrets(): Promise<ReadonlyMap<string, StoredSecret>> {
  const manager = new SecretsManager();
  const { SecretList: list = [] } = await manager.listSecrets({ MaxResults: 100 });
  const described = await Promise.all(list.map(({ ARN }) => manager.describeSecret({ SecretId: ARN })));
  return new Map(
    described.map((secret) => {
      const entry = secret.Tags?.find(({ Key }) => Key === "goimg:entry")?.Value ?? "";
      return [entry, { ...secret, entry }];
    }),
  );
}

/** Value of a version, whoever may read it. */
export async function valueOf(arn: string, versionId: string): Promise<string> {
  const found = await new SecretsManager().getSecretValue({ SecretId: arn, VersionId: versionId });
  return found.SecretString ?? "";
}

/** The newest task definition of each family, by its name without the stack's prefix. */
export async function taskDefinitions(prefix: string): Promise<ReadonlyMap<string, TaskDefinition>> {
  const ecs = new ECS();
  const { taskDefinitionArns: arns = [] } = await ecs.listTaskDefinitions({ status: "ACTIVE", sort: "ASC" });
  const found = new Map<string, TaskDefinition>();
  for (const arn of arns) {
    const { taskDefinition: definition } = await ecs.describeTaskDefinition({ taskDefinition: arn });
    if (definition !== undefined) found.set((definition.family ?? "").slice(prefix.length + 1), definition);
  }
  return found;
}

/** Containers of all tasks, by the name of the service, each with its task's definition. */
export function containers(
  definitions: ReadonlyMap<string, TaskDefinition>,
): ReadonlyMap<string, { readonly container: ContainerDefinition; readonly task: TaskDefinition }> {
  return new Map(
    [...definitions.values()].flatMap((task) =>
      (task.containerDefinitions ?? []).map((container) => [container.name ?? "", { container, task }] as const),
    ),
  );
}

/** ARN and version of what a task definition names in `valueFrom`. */
export function parseReference(valueFrom: string): { readonly arn: string; readonly version: string } {
  const [, arn = "", version = ""] = /^(arn:.*:secret:[^:]+):::([^:]+)$/.exec(valueFrom) ?? [];
  return { arn, version };
}

/**
 * The environment of a container as ECS' agent makes it: plain settings, and the values that the task's execution role may read.
 *
 * @throws Error where the role may not: ECS would not start the task
 */
export async function environmentOf(
  task: TaskDefinition,
  container: ContainerDefinition,
): Promise<Record<string, string>> {
  const environment: Record<string, string> = { ECS_CONTAINER_METADATA_URI_V4: "http://169.254.170.2/v4" };
  for (const { name = "", value = "" } of container.environment ?? []) environment[name] = value;
  const roleArn = task.executionRoleArn ?? "";
  const own = await roleStatements(nameOf(roleArn));
  for (const { name = "", valueFrom = "" } of container.secrets ?? []) {
    const { arn, version } = parseReference(valueFrom);
    const statements = [...own, ...(await secretStatements(arn))];
    if (!reads(statements, { roleArn, secretArn: arn, versionId: version })) throw new Error(`${name} may not be read`);
    environment[name] = await valueOf(arn, version);
  }
  return environment;
}
