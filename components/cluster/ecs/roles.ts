import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceName } from "../../catalog/types.ts";
import type { ImageName } from "../../services/service.ts";
import { iamPolicy } from "../../stores/iamPolicy.ts";
import { unitOf, type TaskUnit } from "./units.ts";

/** Roles of one task, and where it logs. */
export interface TaskIdentity {
  /** ECS' agent's, for this task alone: it reads the values, fetches the image and writes the log. */
  readonly execution: Role;
  /** The programs' own: nothing but their volumes. */
  readonly task: Role;
  readonly logs: LogGroup;
}

/** Days for which logs are kept. */
const retention = 90;

/** Two roles and a log group for each task of a stack. What the execution roles may read, the store adds. */
export class EcsRoles extends pulumi.ComponentResource {
  readonly #identities: ReadonlyMap<ServiceName, TaskIdentity>;

  constructor(
    name: string,
    { units, image }: { readonly units: readonly TaskUnit[]; readonly image: (name: ImageName) => string },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("goimg:cluster:EcsRoles", name, {}, opts);
    this.#identities = new Map(units.map((unit) => [unit.name, this.identity(unit, image)]));
    this.registerOutputs({});
  }

  /** By the name of any service of the task. */
  of(units: readonly TaskUnit[], service: ServiceName): TaskIdentity {
    const identity = this.#identities.get(unitOf(units, service).name);
    if (identity === undefined) throw new Error(`${service} has no roles in this stack`);
    return identity;
  }

  private identity({ name, services }: TaskUnit, image: (name: ImageName) => string): TaskIdentity {
    const stack = pulumi.getStack();
    const tags = { "goimg:stack": stack, "goimg:service": name };
    const child = { parent: this };
    const logs = new LogGroup(name, { name: `/goimg/${stack}/${name}`, retentionInDays: retention, tags }, child);
    const execution = new Role(`${name}-execution`, { assumeRolePolicy: assumedByTasks, tags }, child);
    const task = new Role(`${name}-task`, { assumeRolePolicy: assumedByTasks, tags }, child);
    const images = [...new Set(services.map((spec) => image(spec.image)))].sort();
    const policy = logs.arn.apply((arn) => startsTask(arn, images));
    new RolePolicy(`${name}-start`, { role: execution.name, policy }, child);
    return { execution, task, logs };
  }
}

const assumedByTasks = iamPolicy({
  Effect: "Allow",
  Principal: { Service: "ecs-tasks.amazonaws.com" },
  Action: "sts:AssumeRole",
});

/** Writing this task's log, and fetching these images where they are in the account's own registry. */
function startsTask(logArn: string, images: readonly string[]): string {
  const repositories = images.flatMap((image) => {
    const [, account, region, name] = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([^:@]+)/.exec(image) ?? [];
    return account === undefined ? [] : [`arn:aws:ecr:${region ?? ""}:${account}:repository/${name ?? ""}`];
  });
  const write = { Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: `${logArn}:*` };
  if (repositories.length === 0) return iamPolicy(write);
  const actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
  return iamPolicy(
    write,
    { Effect: "Allow", Action: actions, Resource: repositories },
    // It names no resource.
    { Effect: "Allow", Action: "ecr:GetAuthorizationToken", Resource: "*" },
  );
}
