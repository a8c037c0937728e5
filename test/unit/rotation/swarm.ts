import {
  acceptedValues,
  rotationIn,
  same,
  usesSecret,
  type Service,
  type Slot,
  type Spec,
  type World,
} from "./world.ts";

/** What the orchestrator does on its own, one atomic step at a time. */

/** `ServiceUpdate`: the new spec replaces the present one, which becomes the way back. */
export function changeSpec(service: Service, spec: Spec): void {
  service.rollbackTo = service.spec;
  service.spec = spec;
  service.update = "updating";
}

export const outdated = (service: Service): Slot | undefined =>
  service.slots.find(({ task }) => task === undefined || !same(task.spec, service.spec));

/**
 * The orchestrator's next step for a service: start a new task beside an old one, or replace the old one by the new one
 * that became healthy, or end the update. `healthy: false` makes the starting task fail: the update rolls back.
 */
export function progress(world: World, service: Service, healthy: boolean): void {
  if (service.update === "settled") return;
  const starting = service.slots.find(({ next }) => next !== undefined);
  if (starting?.next !== undefined) {
    if ((healthy || service.update === "rollingBack") && begins(world, service, starting.next.spec)) {
      starting.task = starting.next;
      delete starting.next;
      starting.task.since = world.now;
      return;
    }
    delete starting.next;
    fail(service);
    return;
  }
  const slot = outdated(service);
  if (slot === undefined) {
    service.update = "settled";
    delete service.rollbackTo;
    return;
  }
  if (mountable(world, service.spec)) slot.next = { spec: service.spec, since: world.now };
  else fail(service);
}

function fail(service: Service): void {
  if (service.rollbackTo === undefined) return;
  for (const slot of service.slots) delete slot.next;
  service.spec = service.rollbackTo;
  delete service.rollbackTo;
  service.update = "rollingBack";
}

/** A task dies, and another takes its place with the service's present spec. */
export function restart(world: World, service: Service, index: number): void {
  const slot = service.slots[index];
  if (slot?.task === undefined) return;
  if (!mountable(world, service.spec) || !begins(world, service, service.spec)) {
    throw new Error(`invariant 1: a task of ${service.name} died and no new one can start`);
  }
  slot.task = { spec: service.spec, since: world.now };
}

/** Whether every entry that the spec names exists. */
export const mountable = (world: World, spec: Spec): boolean =>
  Object.entries(spec.mounts).every(([secret, { live }]) =>
    Object.entries(live).every(([generation, value]) => world.store[secret]?.[Number(generation)] === value),
  );

/** A task begins: it has to log in, and a job does its work. False when it can't: it never becomes healthy. */
function begins(world: World, service: Service, spec: Spec): boolean {
  for (const secret of service.secrets) {
    const accepted = acceptedValues(world, secret);
    const mount = spec.mounts[secret];
    if (accepted === undefined || mount === undefined || !usesSecret(world, service, secret)) continue;
    // A JWT's signer is checked by its sisters, after it began: that is for the invariants to see.
    if (rotationIn(world.rotations, secret).strategy === "dual-key") continue;
    const value = mount.live[mount.active];
    const usable = service.role === "client" ? [value] : Object.values(mount.live);
    if (!usable.some((one) => one !== undefined && accepted.includes(one))) return false;
  }
  if (service.role === "publish") publishAll(world, spec);
  if (service.role === "prune") pruneAll(world, spec);
  return true;
}

/** The job that only adds. */
function publishAll(world: World, { mounts }: Spec): void {
  for (const [secret, { live }] of Object.entries(mounts)) {
    world.granted[secret] = { ...world.granted[secret], ...live };
  }
}

/** The job that only removes, and only what it is told. */
function pruneAll(world: World, { drop }: Spec): void {
  for (const [secret, generations] of Object.entries(drop)) {
    for (const generation of generations) delete world.granted[secret]?.[generation];
  }
}
