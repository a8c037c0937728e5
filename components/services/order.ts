import type { ServiceName } from "../catalog/types.ts";
import type { ServiceSpec } from "./service.ts";

/**
 * Services so that each comes after those it waits for.
 *
 * @throws if a service waits for one that the stack does not have, or for itself through others: names the services.
 */
export function inOrder(services: readonly ServiceSpec[]): readonly ServiceSpec[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const ordered = new Set<ServiceSpec>();
  const visit = (name: ServiceName, path: readonly ServiceName[]): void => {
    const service = byName.get(name);
    if (service === undefined)
      throw new Error(`${path.at(-1) ?? "the stack"} waits for ${name}, which it does not have`);
    if (ordered.has(service)) return;
    if (path.includes(name)) throw new Error(`services wait for each other: ${[...path, name].join(" → ")}`);
    for (const earlier of service.after) visit(earlier, [...path, name]);
    ordered.add(service);
  };
  for (const { name } of services) visit(name, []);
  return [...ordered];
}

/** What a stack has under that name. @throws Error that says what is missing */
export function required<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`${String(key)} is not part of this stack`);
  return value;
}
