import type Docker from "dockerode";
import * as z from "zod";
import type { SecretName } from "../../components/catalog/grants.ts";
import { roleOf } from "../../components/cluster/swarm/facts.ts";
import { observeSwarm } from "../../components/cluster/swarm/observe.ts";
import { readEvents } from "./reports.ts";

/** What the jobs print when they have taken a generation away (`images/go/internal/pgroles`, `redisacl`). */
const events = z.union([
  z.looseObject({ event: z.literal("db-roles.retired"), generation: z.number(), sessionsEnded: z.number() }),
  z.looseObject({ event: z.literal("cache-acl.ended"), user: z.string(), connections: z.number() }),
]);

/** Connections that ended with a generation, as the job that ended them counted; undefined where no job does. */
export async function connectionsEnded(
  docker: Docker,
  stack: string,
  secret: SecretName,
  generation: number,
): Promise<number | undefined> {
  const { services } = await observeSwarm(docker, stack);
  const tasks = services.filter(({ name }) => roleOf(secret, name) === "backing").flatMap((service) => service.tasks);
  const logs = await Promise.all(
    tasks.map(({ id }) => readEvents(docker, id, ["db-roles.retired", "cache-acl.ended"])),
  );
  const counted = logs.flat().flatMap((event) => {
    const { data } = events.safeParse(event);
    if (data === undefined) return [];
    if (data.event === "cache-acl.ended") return [data.connections];
    return data.generation === generation ? [data.sessionsEnded] : [];
  });
  return counted.length === 0 ? undefined : counted.reduce((sum, count) => sum + count, 0);
}
