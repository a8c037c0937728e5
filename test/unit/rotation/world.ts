import type { Held, SecretFacts, ServiceFact } from "../../../components/rotation/facts.ts";
import { initial, type Generations } from "../../../components/rotation/generations.ts";
import { replacesInOneUpdate, strategies, type Rotation } from "../../../components/rotation/strategies.ts";

/**
 * A model of a Swarm with its secrets, as plain data, changed one atomic step at a time: services whose tasks roll one by
 * one (start-first), deploys that fail and roll back, tasks that die, servers and the jobs that tell them what to accept.
 */

/** What a spec mounts of one secret: the value of each live generation. Values are numbers, each made once. */
export interface Mount {
  live: Record<number, number>;
  active: number;
}

/** What a service's spec mounts, by secret. */
export type Spec = Record<string, Mount>;

export interface Task {
  spec: Spec;
  since: number;
}

/** `next` is a task that starts and is not healthy yet: the old one still serves, or, of a job, has stopped. */
export interface Slot {
  task: Task | undefined;
  next?: Task;
}

/** A `job` makes its server accept exactly what it holds; a `server` accepts what it holds itself. */
export type Role = "server" | "job" | "client";

export interface Service {
  name: string;
  role: Role;
  secrets: readonly string[];
  spec: Spec;
  rollbackTo?: Spec;
  update: "settled" | "updating" | "rollingBack" | "paused";
  slots: Slot[];
}

export interface World {
  /** Hours. */
  now: number;
  nextValue: number;
  rotations: Record<string, Rotation>;
  config: Record<string, Generations>;
  /** Entries: secret → generation → value. */
  store: Record<string, Record<number, number>>;
  /** What jobs made their server accept: secret → generation → value. */
  granted: Record<string, Record<number, number>>;
  services: Service[];
  /** What Pulumi's state says of each service: what it was last asked to be, whether or not that was rolled back. */
  checkpoint: Record<string, Spec>;
  /** secret → value → hour in which a client's task last used it. */
  lastUsed: Record<string, Record<number, number>>;
  up?: import("./up.ts").Up;
  /** secret → values that an unfinished `revoke` is about. */
  leaking: Record<string, number[]>;
  /** secret → values whose revocation was reported as done. */
  revoked: Record<string, number[]>;
  /** Secrets in an emergency that has not ended everywhere. */
  emergency: string[];
  /** The highest number each secret ever had, as an audit log knows it. */
  highest: Record<string, number>;
}

const jobs = { "alternating-users": "db-roles", "dual-password": "cache-acl" } as const;

/** A settled stack in which every secret is as declared: by default, it has generation 1. */
export function newWorld(rotations: readonly Rotation[], replicas = 2, start: Generations = initial): World {
  const names = rotations.map(({ secret }) => secret);
  const byName = Object.fromEntries(rotations.map((rotation) => [rotation.secret, rotation]));
  const of = (keep: (rotation: Rotation) => boolean): string[] =>
    names.filter((name) => keep(rotationIn(byName, name)));
  const store = Object.fromEntries(
    names.map((name, index) => [name, Object.fromEntries(start.live.map((g) => [g, index * 10 + g]))]),
  );
  const services: Service[] = [];
  const first = Object.fromEntries(names.map((secret) => [secret, start]));
  const add = (name: string, role: Role, granted: readonly string[], count: number): void => {
    if (granted.length === 0) return;
    const service: Service = { name, role, secrets: granted, spec: {}, update: "settled", slots: [] };
    service.spec = specOf(service, byName, store, first);
    service.slots = Array.from({ length: count }, () => ({ task: { spec: service.spec, since: 0 } }));
    services.push(service);
  };
  add(
    "s3",
    "server",
    of(({ strategy }) => strategies[strategy].acceptedBy === "service"),
    2,
  );
  for (const [strategy, job] of Object.entries(jobs))
    add(
      job,
      "job",
      of((rotation) => rotation.strategy === strategy),
      1,
    );
  add(
    "api",
    "client",
    of(({ administrative }) => administrative !== true),
    replicas,
  );
  return {
    now: 100,
    nextValue: 100,
    rotations: byName,
    config: first,
    store,
    granted: structuredClone(store),
    services,
    checkpoint: Object.fromEntries(services.map(({ name, spec }) => [name, spec])),
    lastUsed: Object.fromEntries(names.map((name) => [name, {}])),
    leaking: {},
    revoked: Object.fromEntries(names.map((name) => [name, []])),
    emergency: [],
    highest: Object.fromEntries(names.map((name) => [name, Math.max(...start.live)])),
  };
}

export function rotationIn(rotations: Record<string, Rotation>, secret: string): Rotation {
  const rotation = rotations[secret];
  if (rotation === undefined) throw new Error(`the model has no ${secret}`);
  return rotation;
}

/**
 * The spec that mounts what is declared, from the entries in the store: clients hold the active generation alone, unless
 * they check each other's; acceptors hold all, with the oldest as the plain file.
 */
export function specOf(
  { role, secrets }: Pick<Service, "role" | "secrets">,
  rotations: World["rotations"],
  store: World["store"],
  declared: Record<string, Generations>,
): Spec {
  const mounts = secrets.map((secret): [string, Mount] => {
    const { live, active } = heldOf(role, rotationIn(rotations, secret), declared[secret] ?? { live: [], active: 0 });
    return [secret, { active, live: Object.fromEntries(live.map((g) => [g, store[secret]?.[g] ?? 0])) }];
  });
  return Object.fromEntries(mounts);
}

function heldOf(role: Role, { strategy }: Rotation, { live, active }: Held): Held {
  if (role !== "client") return { live, active: live[0] ?? 0 };
  return { live: strategies[strategy].acceptedBy === "clients" ? live : [active], active };
}

/** The model's rotation with what its services hold, as the machine wants it told. */
export const withHeld = (world: World, rotation: Rotation): Rotation => ({
  ...rotation,
  held: (name, declared) => {
    const service = world.services.find((one) => one.name === name);
    return heldOf(service?.role ?? "client", rotation, declared);
  },
});

export const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);
export const generationsOf = (record: Record<number, number> | undefined): number[] =>
  Object.keys(record ?? {}).map(Number);
export const runningTasks = ({ slots }: Service): Task[] =>
  slots.flatMap(({ task }) => (task === undefined ? [] : [task]));
export const allTasks = ({ slots }: Service): Task[] =>
  slots.flatMap(({ task, next }) => [task, next].filter((one) => one !== undefined));
/** The values of a secret that its backing service accepts at this instant; `undefined` where it is not ours to say. */
export function acceptedValues(world: World, secret: string): number[] | undefined {
  const { acceptedBy } = strategies[rotationIn(world.rotations, secret).strategy];
  if (acceptedBy === "nobody") return undefined;
  if (acceptedBy === "jobs") return Object.values(world.granted[secret] ?? {});
  // Every running task may get the request: only what all of them know is accepted.
  const role = acceptedBy === "clients" ? "client" : "server";
  const known = world.services
    .filter((service) => service.role === role && service.secrets.includes(secret))
    .flatMap((service) => runningTasks(service).map(({ spec }) => Object.values(spec[secret]?.live ?? {})));
  return (known[0] ?? []).filter((value) => known.every((values) => values.includes(value)));
}

/** Whether an emergency is under way that drops a key in the update that moves the tasks off it (ADR 2). */
export const endsKey = (world: World, secret: string): boolean =>
  world.emergency.includes(secret) && replacesInOneUpdate(rotationIn(world.rotations, secret));

/** Whether a service logs in with the secret: a job does with an administrative one, to change what is accepted. */
export const usesSecret = (world: World, service: Service, secret: string): boolean =>
  service.secrets.includes(secret) &&
  (service.role === "client" || rotationIn(world.rotations, secret).administrative === true);

/** What an operator's command or `pulumi up` can see of one secret. Only a command has an audit log. */
export function observe(world: World, secret: string, audited = true): SecretFacts {
  return {
    stored: generationsOf(world.store[secret]),
    ...(audited ? { highest: world.highest[secret] ?? 0 } : {}),
    services: world.services
      .filter((service) => service.secrets.includes(secret))
      .map((service) => serviceFact(service, secret)),
  };
}

const nothing: Held = { live: [], active: 0 };

function serviceFact(service: Service, secret: string): ServiceFact {
  const held = (spec: Spec): Held => {
    const mount = spec[secret];
    return { live: generationsOf(mount?.live), active: mount?.active ?? 0 };
  };
  return {
    service: service.name,
    role: service.role === "client" ? "client" : "backing",
    update: service.update,
    spec: held(service.spec),
    ...(service.rollbackTo === undefined ? {} : { rollbackTo: held(service.rollbackTo) }),
    // A task that is starting has said nothing yet.
    tasks: service.slots.flatMap(({ task, next }, index) => [
      ...(task === undefined ? [] : [{ task: String(index), held: held(task.spec), since: hour(task.since) }]),
      ...(next === undefined ? [] : [{ task: `${index} starting`, held: nothing, since: hour(next.since) }]),
    ]),
  };
}

export const hour = (hours: number): Date => new Date(hours * 3_600_000);
