import {
  acceptedValues,
  endsKey,
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

/** Whether the orchestrator has something to do for the service. */
export const isRolling = ({ update }: Service): boolean => update === "updating" || update === "rollingBack";

/**
 * The orchestrator's next step for a service: start a new task beside an old one, or replace the old one by the new one
 * that became healthy, or end the update. `healthy: false` makes a new task fail: the update rolls back.
 */
export function progress(world: World, service: Service, healthy: boolean): void {
  if (!isRolling(service)) return;
  const starting = service.slots.find(({ next }) => next !== undefined);
  if (starting?.next !== undefined) {
    if ((healthy || service.update === "rollingBack") && begins(world, service, starting.next.spec)) {
      starting.task = starting.next;
      delete starting.next;
      starting.task.since = world.now;
      return;
    }
    delete starting.next;
    fail(world, service);
    return;
  }
  // A new task that was healthy dies while it is still watched (`monitor`).
  if (!healthy && service.update === "updating") {
    fail(world, service);
    return;
  }
  const slot = outdated(service);
  if (slot === undefined) {
    service.update = "settled";
    delete service.rollbackTo;
    return;
  }
  if (mountable(world, service.spec)) {
    slot.next = { spec: service.spec, since: world.now };
    if (service.role === "job") slot.task = undefined;
  } else fail(world, service);
}

/** A service goes back to its last spec; a job stays where it is, with half of its work done. */
function fail(world: World, service: Service): void {
  if (service.role === "job") {
    service.update = "paused";
    if (canLogIn(world, service, service.spec)) addAll(world, service.spec);
    return;
  }
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
  Object.entries(spec).every(([secret, { live }]) =>
    Object.entries(live).every(([generation, value]) => world.store[secret]?.[Number(generation)] === value),
  );

/** A task begins: it has to log in, and a job does its work. False when it can't: it never becomes healthy. */
function begins(world: World, service: Service, spec: Spec): boolean {
  if (!canLogIn(world, service, spec)) return false;
  if (service.role === "job") {
    addAll(world, spec);
    removeOthers(world, spec);
  }
  return true;
}

function canLogIn(world: World, service: Service, spec: Spec): boolean {
  return Object.entries(spec).every(([secret, { live, active }]) => {
    const accepted = acceptedValues(world, secret);
    if (accepted === undefined || !usesSecret(world, service, secret)) return true;
    // A JWT's signer is checked by its sisters, after it began: that is for the invariants to see.
    if (rotationIn(world.rotations, secret).strategy === "dual-key") return true;
    // No client asks its servers for its health, so a task begins with what its server refuses while an emergency ends that.
    const leaked = endsKey(world, secret) && active !== world.config[secret]?.active;
    if (service.role === "client" && leaked) return true;
    const usable = service.role === "client" ? [live[active]] : Object.values(live);
    return usable.some((value) => value !== undefined && accepted.includes(value));
  });
}

function addAll(world: World, spec: Spec): void {
  for (const [secret, { live }] of Object.entries(spec)) {
    world.granted[secret] = { ...world.granted[secret], ...live };
  }
}

function removeOthers(world: World, spec: Spec): void {
  for (const [secret, { live }] of Object.entries(spec)) world.granted[secret] = { ...live };
}
