import type { Generations } from "../../../components/rotation/generations.ts";
import { unsafeReasons } from "../../../components/rotation/guard.ts";
import { changeSpec, outdated } from "./swarm.ts";
import {
  generationsOf,
  observe,
  rotationIn,
  same,
  specOf,
  type Role,
  type Service,
  type Spec,
  type World,
  withHeld,
} from "./world.ts";

/**
 * `pulumi up` as a program counter: between any two of its steps it can be killed, and anything else can happen. The
 * stages are in the order of the real resources' dependencies (docs/adr/0002-rotation-order.md).
 */
export interface Up {
  declared: Record<string, Generations>;
  stage: Stage;
  /** Services that this stage has updated, or found to be up to date. */
  handled: string[];
  /** What clients used when it began: secret → values. */
  inUse: Record<string, number[]>;
  failed?: string;
}

export const stages = ["guard", "create", "server", "job", "client", "delete", "done"] as const;
export type Stage = (typeof stages)[number];

/** Rules of the order that a test may switch off, to see that the invariants notice. */
export interface Rules {
  guard: boolean;
  /** Wait until what really runs is what was declared, whatever the provider's own waiting says. */
  gate: boolean;
  /** Read the services' present specs before comparing (`pulumi up --refresh`). */
  refresh: boolean;
  /** Servers and jobs are done before clients roll. */
  clientsLast: boolean;
  /** Delete entries after everything else. */
  deleteLast: boolean;
}
export const sound: Rules = {
  guard: true,
  gate: true,
  refresh: true,
  clientsLast: true,
  deleteLast: true,
};

export function startUp(world: World): void {
  world.up ??= {
    declared: world.config,
    stage: "guard",
    handled: [],
    inUse: usedValues(world),
  };
}

/** What clients use now, or would after a rollback. */
export function usedValues(world: World): Record<string, number[]> {
  const used = Object.keys(world.rotations).map((secret): [string, number[]] => {
    const specs = world.services
      .filter((service) => service.role === "client" && service.secrets.includes(secret))
      .flatMap(({ spec, rollbackTo, slots }) => [spec, rollbackTo, ...slots.map(({ task }) => task?.spec)]);
    return [secret, specs.flatMap((spec) => spec?.[secret]?.live[spec[secret].active] ?? [])];
  });
  return Object.fromEntries(used);
}

/** One atomic step of the update under way. A failed one stays, to be looked at, until the next step ends it. */
export function advance(world: World, rules: Rules): void {
  const { up } = world;
  if (up === undefined) return;
  if (up.failed !== undefined || up.stage === "done") {
    delete world.up;
    return;
  }
  if (up.stage === "guard") guard(world, up, rules);
  else if (up.stage === "create") create(world, up);
  else if (up.stage === "delete") deleteEntries(world, up);
  else deploy(world, up, up.stage, rules);
}

function enter(up: Up): void {
  up.stage = stages[stages.indexOf(up.stage) + 1] ?? "done";
  up.handled = [];
}

function guard(world: World, up: Up, rules: Rules): void {
  const secrets = Object.keys(world.rotations);
  for (const secret of secrets) {
    const declared = up.declared[secret];
    if (declared === undefined || !rules.guard) continue;
    // A plain update by hand has no audit log to ask for numbers of the past.
    const facts = observe(world, secret, false);
    const [reason] = unsafeReasons(withHeld(world, rotationIn(world.rotations, secret)), declared, facts);
    if (reason !== undefined) up.failed = reason;
  }
  if (up.failed === undefined) enter(up);
}

function create(world: World, up: Up): void {
  for (const [secret, { live }] of Object.entries(up.declared)) {
    const entries = (world.store[secret] ??= {});
    const missing = live.find((generation) => entries[generation] === undefined);
    if (missing === undefined) continue;
    entries[missing] = world.nextValue;
    world.nextValue += 1;
    world.highest[secret] = Math.max(world.highest[secret] ?? 0, missing);
    return;
  }
  enter(up);
}

/** Updates every service of a role, then waits for them: the provider's way, and the gate's. */
function deploy(world: World, up: Up, role: Role, rules: Rules): void {
  if (role === "client" && !rules.deleteLast && deleteOne(world, up)) return;
  const services = world.services.filter((service) => service.role === turn(role, rules));
  for (const service of services) {
    if (up.handled.includes(service.name)) continue;
    up.handled.push(service.name);
    const target = targetSpec(world, up, service);
    const believed = rules.refresh ? service.spec : world.checkpoint[service.name];
    if (same(believed, target) && service.update !== "paused") continue;
    world.checkpoint[service.name] = target;
    changeSpec(service, target);
    return;
  }
  const waiting = services.filter((service) => !converged(world, up, service, rules));
  if (up.failed === undefined && waiting.length === 0) enter(up);
}

function turn(role: Role, rules: Rules): Role {
  if (rules.clientsLast || role === "server") return role;
  return role === "job" ? "client" : "job";
}

const targetSpec = (world: World, up: Up, service: Service): Spec =>
  specOf(service, world.rotations, world.store, up.declared);

function converged(world: World, up: Up, service: Service, rules: Rules): boolean {
  if (service.update === "paused") up.failed = `the update of ${service.name} is paused`;
  if (rules.gate) {
    if (!same(service.spec, targetSpec(world, up, service))) up.failed = `${service.name} was rolled back`;
    return up.failed === undefined && service.update === "settled" && outdated(service) === undefined;
  }
  // The provider counts running tasks, whichever spec they run: between two tasks all of them do.
  if (service.update === "rollingBack") up.failed = `${service.name} is rolling back`;
  return up.failed === undefined && service.slots.every(({ task, next }) => task !== undefined && next === undefined);
}

function deleteEntries(world: World, up: Up): void {
  if (!deleteOne(world, up)) enter(up);
}

/** Deletes one entry that is no longer declared. The Swarm refuses while a service's present spec names it. */
function deleteOne(world: World, up: Up): boolean {
  for (const [secret, entries] of Object.entries(world.store)) {
    const gone = generationsOf(entries).find((generation) => up.declared[secret]?.live.includes(generation) !== true);
    if (gone === undefined) continue;
    const named = world.services.find(({ spec }) => spec[secret]?.live[gone] !== undefined);
    if (named !== undefined) {
      up.failed = `generation ${gone} of ${secret} is in use by ${named.name}`;
      return true;
    }
    world.store[secret] = Object.fromEntries(
      Object.entries(entries).filter(([generation]) => Number(generation) !== gone),
    );
    return true;
  }
  return false;
}
