import type { ECS } from "@aws-sdk/client-ecs";
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { text, type Inputs, type Kind, type Problems } from "../../stores/provider/kind.ts";

interface EcsJob {
  /** ARN of the cluster. */
  readonly cluster: string;
  /** ARN of the task definition, revision included: another one is another run. */
  readonly taskDefinition: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
}

/** How long a run may take, and how often one is asked about, in milliseconds. */
const patience = 900_000;
const pause = 2000;
/** A job that fails is run again, as on Swarm. */
const attempts = 3;

/** One run of a task to its end: it has come about when all of the task's containers have ended with 0. */
export const ecsJob: Kind<EcsJob> = {
  replacing: ["cluster", "taskDefinition"],
  parse: (inputs, problems) => ({
    cluster: text(inputs, "cluster", problems, /^arn:aws[a-z-]*:ecs:/, "a cluster's ARN"),
    taskDefinition: text(inputs, "taskDefinition", problems, /^arn:aws[a-z-]*:ecs:.*:\d+$/, "a task definition's ARN"),
    subnets: idsOf(inputs, "subnets", problems),
    securityGroups: idsOf(inputs, "securityGroups", problems),
  }),
  id: ({ taskDefinition }) => taskDefinition,
  async create(inputs) {
    const [, , , region = ""] = inputs.cluster.split(":");
    const { ECS: Client } = await import("@aws-sdk/client-ecs");
    const client = new Client({ region });
    const failures: string[] = [];
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const failure = await runOnce(client, inputs, attempt);
      if (failure === undefined) return;
      failures.push(failure);
    }
    throw new Error(
      `${inputs.taskDefinition} failed ${attempts} times: ${failures.at(-1) ?? ""}; its log group says why`,
    );
  },
  /** What it reads and where it runs does not run it again. */
  update: () => Promise.resolve(),
  exists: () => Promise.resolve(true),
  delete: () => Promise.resolve(),
};

/** Why it failed, or undefined. The token makes a run that a killed update has begun this one's. */
async function runOnce(client: ECS, inputs: EcsJob, attempt: number): Promise<string | undefined> {
  const { cluster, taskDefinition, subnets, securityGroups } = inputs;
  const clientToken = createHash("sha256").update(`${taskDefinition} ${attempt}`).digest("hex").slice(0, 32);
  const started = await client.runTask({
    cluster,
    taskDefinition,
    clientToken,
    launchType: "FARGATE",
    propagateTags: "TASK_DEFINITION",
    networkConfiguration: {
      awsvpcConfiguration: { subnets: [...subnets], securityGroups: [...securityGroups], assignPublicIp: "ENABLED" },
    },
  });
  const task = started.tasks?.[0]?.taskArn;
  if (task === undefined) return `ECS did not start it (${started.failures?.[0]?.reason ?? "no reason given"})`;
  const deadline = Date.now() + patience;
  for (;;) {
    const [found] = (await client.describeTasks({ cluster, tasks: [task] })).tasks ?? [];
    if (found?.lastStatus === "STOPPED") {
      const failed = (found.containers ?? []).filter(({ exitCode }) => exitCode !== 0);
      if (failed.length === 0 && (found.containers ?? []).length > 0) return undefined;
      return `${failed.map(({ name, exitCode }) => `${name ?? ""} ended with ${exitCode ?? "no code"}`).join(", ")} (${found.stopCode ?? "stopped"})`;
    }
    if (Date.now() > deadline) return `it did not end within ${patience / 60_000} minutes`;
    await sleep(pause);
  }
}

function idsOf(inputs: Inputs, property: string, problems: Problems): readonly string[] {
  const ids: unknown = inputs[property];
  if (Array.isArray(ids) && ids.every((id): id is string => typeof id === "string")) return ids;
  problems.set(property, "must be a list of ids");
  return [];
}
