import type { ServiceName } from "../../catalog/types.ts";
import type { ServiceSpec } from "../../services/service.ts";
import { inOrder, required } from "../../services/order.ts";
import { isShared } from "./network.ts";

/** Services that run as the containers of one task. */
export interface TaskUnit {
  /** The service that the others are there for: the first one. */
  readonly name: ServiceName;
  readonly services: readonly ServiceSpec[];
  /** Whether it runs once to its end. */
  readonly job: boolean;
  /** Units that must be up, or done, before this one starts. */
  readonly after: readonly ServiceName[];
}

/**
 * A task for each service, but for those that meet at a socket: that is a file of one machine, and every task of Fargate has its own.
 * They are containers of the task of the one that does not wait for any of them. In the order in which they start.
 */
export function taskUnits(services: readonly ServiceSpec[]): readonly TaskUnit[] {
  const ordered = inOrder(services);
  const specs = new Map(ordered.map((spec) => [spec.name, spec]));
  const owners = new Map<string, ServiceSpec>();
  for (const spec of ordered) {
    for (const socket of socketsOf(spec)) if (!owners.has(socket) && spec.rollout !== "job") owners.set(socket, spec);
  }
  const ownerOf = (spec: ServiceSpec): ServiceSpec =>
    socketsOf(spec).flatMap((socket) => owners.get(socket) ?? [])[0] ?? spec;
  const names = [...new Set(ordered.map((spec) => ownerOf(spec).name))];
  return names.map((name) => {
    const members = ordered.filter((spec) => ownerOf(spec).name === name);
    const owner = members.find((spec) => spec.name === name) ?? members[0];
    if (owner === undefined) throw new Error(`${name} is not part of this stack`);
    const after = owner.after.map((earlier) => ownerOf(required(specs, earlier)).name);
    return {
      name,
      services: [owner, ...members.filter((spec) => spec !== owner)],
      job: owner.rollout === "job",
      after: [...new Set(after)].filter((earlier) => earlier !== name),
    };
  });
}

/** The task that a service is a container of. */
export function unitOf(units: readonly TaskUnit[], service: ServiceName): TaskUnit {
  const unit = units.find(({ services }) => services.some(({ name }) => name === service));
  if (unit === undefined) throw new Error(`${service} is not part of this stack`);
  return unit;
}

/** Folders of sockets, which are of one task. */
export const socketsOf = ({ volumes }: ServiceSpec): readonly string[] =>
  volumes.map(({ volume }) => volume).filter((volume) => !isShared(volume));
