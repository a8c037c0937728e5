import { applyTo } from "../../../components/rotation/edits.ts";
import { initial, validateGenerations, type Generations } from "../../../components/rotation/generations.ts";
import { sameNumbers } from "../../../components/rotation/facts.ts";
import { goalOf, next, type Goal, type Next, type Situation } from "../../../components/rotation/machine.ts";
import type { Rotation } from "../../../components/rotation/strategies.ts";
import { checkInvariants } from "./invariants.ts";
import { isRolling, progress, restart } from "./swarm.ts";
import { advance, sound, startUp, type Rules } from "./up.ts";
import { hour, observe, rotationIn, withHeld, type World } from "./world.ts";

/** Everything that can happen next, by whomever. */
export type Action =
  /** An operator runs `rotate`, `rollback` or `revoke`, which makes its next edit, if there is one, and no more. */
  | { kind: "command"; secret: string; goal: Goal["kind"] }
  /** A person edits the stack's config, to anything that is valid. */
  | { kind: "hand"; secret: string; declared: Generations }
  | { kind: "up" }
  | { kind: "advance" }
  | { kind: "crash" }
  | { kind: "swarm"; service: number; healthy: boolean }
  | { kind: "restart"; service: number; slot: number }
  | { kind: "sleep"; hours: number }
  /** The update and the orchestrator go on by themselves for so many steps. */
  | { kind: "run"; steps: number };

/** Runs one action and checks every invariant; an action that can't happen now is ignored. */
export function act(world: World, action: Action, rules: Rules = sound): void {
  perform(world, action, rules);
  noteUse(world);
  endEmergencies(world);
  checkInvariants(world);
}

function perform(world: World, action: Action, rules: Rules): void {
  switch (action.kind) {
    case "command":
      command(world, action.secret, goalNow(world, action.secret, action.goal));
      return;
    case "hand":
      if (validateGenerations(action.secret, action.declared).length > 0) return;
      declare(world, action.secret, action.declared);
      return;
    case "up":
      startUp(world);
      return;
    case "advance":
      advance(world, rules);
      return;
    case "crash":
      delete world.up;
      return;
    case "swarm":
      withService(world, action.service, (service) => {
        progress(world, service, action.healthy);
      });
      return;
    case "restart":
      withService(world, action.service, (service) => {
        restart(world, service, action.slot);
      });
      return;
    case "sleep":
      world.now += action.hours;
      return;
    case "run":
      for (let step = 0; step < action.steps; step += 1) {
        const service = world.services.findIndex(isRolling);
        if (step % 2 === 0) act(world, { kind: "advance" }, rules);
        else if (service >= 0) act(world, { kind: "swarm", service, healthy: true }, rules);
      }
  }
}

function withService(world: World, index: number, run: (service: World["services"][number]) => void): void {
  const service = world.services[index % world.services.length];
  if (service !== undefined) run(service);
}

/** The goal of a command given now; none when there is nothing to roll back. */
export function goalNow(world: World, secret: string, kind: Goal["kind"]): Goal | undefined {
  const situation = situationOf(world, secret);
  if (kind === "rollback" && situation.declared.live.length < 2) return undefined;
  return goalOf(kind, situation);
}

function situationOf(world: World, secret: string): Situation {
  const declared = world.config[secret] ?? initial;
  const rotation = withHeld(world, rotationIn(world.rotations, secret));
  return { rotation, declared, facts: observe(world, secret), now: hour(world.now) };
}

/** Asks the machine for the next step, and makes the edits it gives. */
export function command(world: World, secret: string, goal: Goal | undefined): Next | undefined {
  if (goal === undefined) return undefined;
  const { rotation, declared, ...rest } = situationOf(world, secret);
  const step = next(goal, { rotation, declared, ...rest });
  if (step.kind !== "step") return step;
  if (step.action === "retire") checkGrace(world, rotation, declared, step.edits);
  if (goal.kind === "revoke") {
    const pending = (world.leaking[secret] ??= []);
    const leaked = goal.leaked.flatMap((generation) => world.store[secret]?.[generation] ?? []);
    pending.push(...leaked.filter((value) => !pending.includes(value)));
  }
  declare(world, secret, applyTo(secret, declared, step.edits));
  return step;
}

function declare(world: World, secret: string, declared: Generations): void {
  world.config = { ...world.config, [secret]: declared };
  if (declared.revoking === true && !world.emergency.includes(secret)) world.emergency.push(secret);
}

/** A `retire` step may only come when the last use of what it drops is a grace period ago, as the world knows it. */
function checkGrace(
  world: World,
  rotation: Rotation,
  declared: Generations,
  edits: readonly { kind: string; generation?: number }[],
): void {
  const { secret } = rotation;
  for (const { generation } of edits.filter(({ kind }) => kind === "drop")) {
    const value = world.store[secret]?.[generation ?? 0] ?? 0;
    const unused = world.now - (world.lastUsed[secret]?.[value] ?? -Infinity);
    if (hour(unused).getTime() < rotation.grace || !declared.live.includes(generation ?? 0)) {
      throw new Error(`grace: generation ${generation ?? 0} of ${secret} was used ${unused} h ago`);
    }
  }
}

function noteUse(world: World): void {
  for (const service of world.services.filter(({ role }) => role === "client")) {
    for (const { task } of service.slots) {
      for (const [secret, { live, active }] of Object.entries(task?.spec ?? {})) {
        const value = live[active];
        if (value !== undefined) world.lastUsed[secret] = { ...world.lastUsed[secret], [value]: world.now };
      }
    }
  }
}

/** An emergency ends when what is declared, without the flag, is all that is stored: then the leaked are revoked. */
function endEmergencies(world: World): void {
  for (const secret of Object.keys(world.rotations)) {
    const declared = world.config[secret];
    if (declared === undefined || declared.revoking === true || world.up !== undefined) continue;
    const facts = observe(world, secret);
    if (!sameNumbers(facts.stored, declared.live)) continue;
    const [situation, leaking] = [
      { rotation: withHeld(world, rotationIn(world.rotations, secret)), declared, facts },
      world.leaking[secret] ?? [],
    ];
    const goal: Goal = { kind: "revoke", target: declared.active, leaked: [] };
    const report = next(goal, { ...situation, now: hour(world.now) });
    if (report.kind !== "done") continue;
    world.emergency = world.emergency.filter((one) => one !== secret);
    const stored = Object.values(world.store[secret] ?? {});
    world.revoked[secret] = [...(world.revoked[secret] ?? []), ...leaking.filter((value) => !stored.includes(value))];
    world.leaking[secret] = [];
  }
}

/** Lets the orchestrator and the update run, with nothing else happening, until both are still. False: they never are. */
export function settle(world: World, rules: Rules = sound): boolean {
  for (let steps = 0; steps < 400; steps += 1) {
    const rolling = world.services.findIndex(isRolling);
    if (rolling < 0 && world.up === undefined) return true;
    if (rolling >= 0) act(world, { kind: "swarm", service: rolling, healthy: true }, rules);
    act(world, { kind: "advance" }, rules);
  }
  return false;
}

/** What an operator's command does: step after step, an update for each, until it is done. The last answer. */
export function drive(world: World, secret: string, kind: Goal["kind"], rules: Rules = sound): Next | undefined {
  settle(world, rules);
  const goal = goalNow(world, secret, kind);
  let answer: Next | undefined;
  for (let steps = 0; steps < 12; steps += 1) {
    answer = command(world, secret, goal);
    checkInvariants(world);
    if (answer?.kind === "step") act(world, { kind: "up" }, rules);
    else if (answer?.kind === "blocked" && answer.reasons.every((reason) => reason.kind === "time")) world.now += 24;
    else return answer;
    settle(world, rules);
  }
  return answer;
}
