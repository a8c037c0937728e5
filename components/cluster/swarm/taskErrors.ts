import type Docker from "dockerode";
import * as z from "zod";

/** How many tasks are looked at, the youngest first, and how much of each is told. */
const most = { tasks: 5, characters: 300 } as const;

const listed = z.array(z.object({ CreatedAt: z.string(), Status: z.object({ Err: z.string().optional() }) }));

/**
 * Why a service's latest tasks failed, in the Swarm's own words ("Status.Err" of the Docker API): each reason once. What it has of a
 * task is names, paths and exit codes; values are in files alone.
 */
export async function taskErrors(docker: Docker, service: string): Promise<readonly string[]> {
  const tasks: unknown = await docker.listTasks({ filters: { service: [service] } }).catch(() => []);
  const latest = listed
    .parse(tasks)
    .sort((a, b) => Date.parse(b.CreatedAt) - Date.parse(a.CreatedAt))
    .slice(0, most.tasks);
  const errors = latest.flatMap(({ Status: { Err } }) => (Err === undefined ? [] : [Err.slice(0, most.characters)]));
  return [...new Set(errors)];
}
