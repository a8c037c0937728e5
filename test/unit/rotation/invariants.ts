import { strategies } from "../../../components/rotation/strategies.ts";
import {
  acceptedValues,
  allTasks,
  endsKey,
  generationsOf,
  rotationIn,
  runningTasks,
  usesSecret,
  type Spec,
  type World,
} from "./world.ts";

/** The design's five invariants, each as a check of one instant: the answer says what is wrong, or nothing. */

type Check = (world: World) => string | undefined;

/** 1: at every instant each consumer holds at least one credential that its backing service accepts. */
const everyConsumerIsAccepted: Check = (world) => {
  for (const service of world.services) {
    for (const secret of service.secrets.filter((one) => usesSecret(world, service, one))) {
      const accepted = acceptedValues(world, secret);
      if (accepted === undefined || endsKey(world, secret)) continue;
      for (const { spec } of runningTasks(service)) {
        const mount = spec[secret];
        // Clients log in with the active generation; the jobs try all that they hold.
        const usable = service.role === "client" ? [mount?.live[mount.active]] : Object.values(mount?.live ?? {});
        if (!usable.some((value) => value !== undefined && accepted.includes(value))) {
          return `a task of ${service.name} holds no accepted generation of ${secret} (active ${mount?.active ?? 0})`;
        }
      }
    }
  }
  return undefined;
};

/** 2: no store entry is deleted while a running task's spec refers to it (nor a service's, or its way back's). */
const everyReferenceExists: Check = (world) => {
  for (const service of world.services) {
    const specs: (Spec | undefined)[] = [
      service.spec,
      service.rollbackTo,
      ...allTasks(service).map(({ spec }) => spec),
    ];
    for (const [secret, mount] of specs.flatMap((spec) => Object.entries(spec ?? {}))) {
      for (const [generation, value] of Object.entries(mount.live)) {
        if (world.store[secret]?.[Number(generation)] !== value) {
          return `${service.name} refers to generation ${generation} of ${secret}, which is not in the store`;
        }
      }
    }
  }
  return undefined;
};

/** 3: a failed or rolled-back deploy never retires the old generation: what clients used before it still works. */
const failureRetiresNothing: Check = ({ up, ...world }) => {
  if (up?.failed === undefined || up.stage === "delete") return undefined;
  for (const [secret, values] of Object.entries(up.inUse)) {
    const stored = Object.values(world.store[secret] ?? {});
    // Tasks that an emergency has replaced refuse a leaked key until they are rolled back: what was stored is there to go back to.
    const accepted = endsKey(world, secret) ? stored : (acceptedValues(world, secret) ?? stored);
    const lost = values.find((value) => !stored.includes(value) || !accepted.includes(value));
    if (lost !== undefined) return `a failed deploy (${up.failed}) took value ${lost} of ${secret} away`;
  }
  return undefined;
};

/** 4: after `revoke`, the leaked value is refused by the backing service, and is nowhere any more. */
const revokedStaysRefused: Check = (world) => {
  for (const [secret, values] of Object.entries(world.revoked)) {
    const places = [
      ...(acceptedValues(world, secret) ?? []),
      ...Object.values(world.store[secret] ?? {}),
      ...world.services.flatMap((service) =>
        allTasks(service).flatMap(({ spec }) => Object.values(spec[secret]?.live ?? {})),
      ),
    ];
    const back = values.find((value) => places.includes(value));
    if (back !== undefined) return `revoked value ${back} of ${secret} is still there`;
  }
  return undefined;
};

/** 5: at most two generations are live, except during `revoke`. */
const atMostTwoLive: Check = (world) => {
  for (const secret of Object.keys(world.rotations)) {
    const limit = world.emergency.includes(secret) ? 3 : 2;
    const { acceptedBy, slots } = strategies[rotationIn(world.rotations, secret).strategy];
    const live = generationsOf(world.store[secret]).length;
    const granted = acceptedBy === "jobs" ? generationsOf(world.granted[secret]).length : 0;
    if (Math.max(live, granted) > limit) return `${Math.max(live, granted)} generations of ${secret} are live`;
    const accepted = acceptedValues(world, secret)?.length ?? 0;
    if (slots !== undefined && accepted > slots) return `${secret} takes ${accepted} of ${slots} key slots`;
  }
  return undefined;
};

export const invariants: Readonly<Record<string, Check>> = {
  "1: each consumer holds a credential that is accepted": everyConsumerIsAccepted,
  "2: no entry is deleted while a spec refers to it": everyReferenceExists,
  "3: a failed deploy never retires the old generation": failureRetiresNothing,
  "4: a revoked value is refused": revokedStaysRefused,
  "5: at most two generations are live": atMostTwoLive,
};

/** @throws Error naming every invariant that does not hold now */
export function checkInvariants(world: World): void {
  const broken = Object.entries(invariants).flatMap(([name, check]) => {
    const problem = check(world);
    return problem === undefined ? [] : [`invariant ${name}: ${problem}`];
  });
  if (broken.length > 0) throw new Error(broken.join("\n"));
}
