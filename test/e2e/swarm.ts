import { setTimeout as sleep } from "node:timers/promises";
import { inject } from "vitest";
import * as z from "zod";
import type Docker from "dockerode";
import { Project } from "./project.ts";

/** The dev stack that the tests share. */
export function sharedStack(): Project {
  return new Project(inject("stack"));
}

const serviceSchema = z.object({
  ID: z.string(),
  Spec: z.object({
    Name: z.string(),
    Labels: z.record(z.string(), z.string()),
    Mode: z.object({ Replicated: z.object({ Replicas: z.number() }) }),
    TaskTemplate: z.object({
      ContainerSpec: z.object({
        Image: z.string(),
        Secrets: z
          .array(
            z.object({
              SecretName: z.string(),
              File: z.object({ Name: z.string(), UID: z.string(), GID: z.string(), Mode: z.number() }),
            }),
          )
          .optional(),
      }),
    }),
  }),
});

const taskSchema = z.object({
  ServiceID: z.string(),
  CreatedAt: z.string(),
  DesiredState: z.string(),
  Status: z.object({
    State: z.string(),
    ContainerStatus: z.object({ ContainerID: z.string(), PID: z.number() }).partial().optional(),
  }),
});

const containerSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  State: z.object({
    Status: z.string(),
    Pid: z.number(),
    ExitCode: z.number(),
    Health: z.object({ Status: z.string() }).optional(),
  }),
  Config: z.object({ Env: z.array(z.string()), Labels: z.record(z.string(), z.string()) }),
});

export type SwarmService = z.infer<typeof serviceSchema>;
export type Container = z.infer<typeof containerSchema>;

/** The services of a stack by the name that the stack gives them. */
export async function services(docker: Docker, stack: string): Promise<ReadonlyMap<string, SwarmService>> {
  const listed = z.array(serviceSchema).parse(await docker.listServices());
  return new Map(
    listed
      .filter(({ Spec }) => Spec.Labels["goimg.stack"] === stack)
      .map((service) => [service.Spec.Labels["goimg.service"] ?? "", service]),
  );
}

const isJob = ({ Spec }: SwarmService): boolean => Spec.Labels["goimg.job"] !== undefined;

/** The containers of a service's tasks that should run; of a job, that of its last one. */
export async function containersOf(docker: Docker, service: SwarmService): Promise<readonly Container[]> {
  const tasks = z.array(taskSchema).parse(await docker.listTasks({ filters: { service: [service.ID] } }));
  const youngest = [...tasks].sort((a, b) => Date.parse(b.CreatedAt) - Date.parse(a.CreatedAt)).slice(0, 1);
  const running = isJob(service) ? youngest : tasks.filter((task) => task.DesiredState === "running");
  return Promise.all(
    running.map(async ({ Status }) =>
      containerSchema.parse(await docker.getContainer(Status.ContainerStatus?.ContainerID ?? "none").inspect()),
    ),
  );
}

/** Services of a stack with how many of their tasks are healthy, or done, as `name healthy/wanted`. */
export async function health(project: Project): Promise<readonly string[]> {
  const found = await services(project.docker, project.stack);
  const lines = [...found].map(async ([name, service]) => {
    const containers = await containersOf(project.docker, service).catch(() => []);
    const healthy = containers.filter(({ State }) =>
      isJob(service) ? State.Status === "exited" && State.ExitCode === 0 : State.Health?.Status === "healthy",
    ).length;
    return `${name} ${healthy}/${service.Spec.Mode.Replicated.Replicas}`;
  });
  return (await Promise.all(lines)).sort();
}

/** Asks again until the answer is accepted or the time is over; answers the last one. */
export async function eventually<T>(ask: () => Promise<T>, accept: (answer: T) => boolean, seconds = 30): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (accept(answer) || Date.now() > deadline) return answer;
    await sleep(200);
  }
}
