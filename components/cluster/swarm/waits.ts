import type { ServiceName } from "../../catalog/types.ts";
import type { Declared } from "../../secrets/declare.ts";
import type { ServiceSpec } from "../../services/service.ts";
import { readBy } from "../../secrets/mounts.ts";
import { roleOf } from "./facts.ts";

/**
 * Services that have to be healthy, or done, before one moves.
 *
 * Rule: in an emergency no service waits for a job that is a client of the leaked secret; it waits for what that job waits for.
 * Why: a new value changes no schema, and a migration costs the emergency seconds. Its own gate still ends the update if it fails.
 */
export function waitsFor(
  { after }: Pick<ServiceSpec, "after">,
  specs: ReadonlyMap<ServiceName, ServiceSpec>,
  declared: readonly Declared[],
): readonly ServiceName[] {
  const leaked = emergencies(declared);
  const isClient = (spec: ServiceSpec): boolean =>
    spec.rollout === "job" && readBy(spec, leaked).some(({ secret }) => roleOf(secret, spec.name) === "client");
  const names = after.flatMap((name) => {
    const earlier = specs.get(name);
    return earlier !== undefined && isClient(earlier) ? earlier.after : [name];
  });
  return [...new Set(names)];
}

/** Whether an emergency under way is about what the service reads: its new value is on its way to it. */
export const hurries = (spec: Pick<ServiceSpec, "secrets">, declared: readonly Declared[]): boolean =>
  readBy(spec, emergencies(declared)).length > 0;

/** Whether an emergency brought the live generation of something that the service reads: until the next promotion, also when it is over. */
export const isUrgent = (spec: Pick<ServiceSpec, "secrets">, declared: readonly Declared[]): boolean =>
  readBy(spec, declared).some(({ urgent }) => urgent !== undefined);

const emergencies = (declared: readonly Declared[]): readonly Declared[] =>
  declared.filter(({ revoking, urgent }) => revoking === true && urgent !== undefined);
