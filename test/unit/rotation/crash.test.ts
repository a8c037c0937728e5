import { describe, expect, test } from "vitest";
import type { Goal } from "../../../components/rotation/machine.ts";
import { act, command, drive, goalNow, settle } from "./model.ts";
import { rotations, secrets } from "./scenarios.ts";
import { isRolling } from "./swarm.ts";
import { sound } from "./up.ts";
import { newWorld, type World } from "./world.ts";

/** What comes after a crash: the same command again, plain `pulumi up`, or a change of mind. */
const recoveries = ["same command", "plain up", "rollback", "revoke"] as const;
/** What the orchestrator does between the crash and the next command. */
const meanwhile = ["nothing", "goes on", "a task fails"] as const;

const goals = ["rotate", "rollback", "revoke"] as const;

/** The world at the start of each goal: a rollback needs a promotion to take back. */
function prepared(name: keyof typeof rotations, kind: Goal["kind"]): World {
  const world = newWorld([rotations[name]]);
  if (kind !== "rollback") return world;
  const goal = goalNow(world, name, "rotate");
  while (world.config[name]?.active === 1) {
    const step = command(world, name, goal);
    if (step?.kind === "blocked") world.now += 24;
    else act(world, { kind: "up" });
    settle(world);
  }
  return world;
}

/**
 * Runs the goal and kills the update after so many steps, counted over all of its updates.
 * False when it was done before: every crash point has been tried.
 */
function runUntil(world: World, name: string, kind: Goal["kind"], steps: number): boolean {
  const goal = goalNow(world, name, kind);
  let taken = 0;
  for (let commands = 0; commands < 20; commands += 1) {
    const step = command(world, name, goal);
    if (step?.kind !== "step") {
      if (step?.kind !== "blocked") return false;
      world.now += 24;
      continue;
    }
    act(world, { kind: "up" });
    while (world.up !== undefined) {
      if (taken === steps) {
        act(world, { kind: "crash" });
        return true;
      }
      taken += 1;
      // A waiting update takes a step of the orchestrator along, so that each is a crash point too.
      const before = JSON.stringify(world.up);
      act(world, { kind: "advance" });
      if (JSON.stringify(world.up) === before) roll(world, true);
    }
  }
  return false;
}

function roll(world: World, healthy: boolean): void {
  const service = world.services.findIndex(isRolling);
  if (service >= 0) act(world, { kind: "swarm", service, healthy });
}

function recover(world: World, name: string, kind: Goal["kind"], how: (typeof recoveries)[number]): void {
  if (how === "plain up") {
    act(world, { kind: "up" });
    settle(world);
  }
  if (how === "rollback") drive(world, name, "rollback");
  if (how === "revoke" || kind === "revoke" || world.config[name]?.revoking === true) {
    expect(drive(world, name, "revoke")).toEqual({ kind: "done" });
  }
  expect(drive(world, name, "rotate")).toEqual({ kind: "done" });
}

/** REDIS_PASSWORD has the rules of DB_PASSWORD. */
const different = secrets.filter((name) => name !== "REDIS_PASSWORD");

const cases = different.flatMap((name) => goals.map((kind) => [name, kind] as const));

describe("an update killed at any of its steps is taken up again", () => {
  test.each(cases)("%s: %s", (name, kind) => {
    let points = 0;
    for (; runUntil(prepared(name, kind), name, kind, points); points += 1) {
      for (const how of recoveries) {
        for (const between of meanwhile) {
          const world = prepared(name, kind);
          runUntil(world, name, kind, points);
          if (between === "goes on") settle(world);
          if (between === "a task fails") for (const healthy of [true, false, false]) roll(world, healthy);
          recover(world, name, kind, how);
          expect(world.config[name]?.live, `crash point ${points}, ${how}, ${between}`).toHaveLength(1);
        }
      }
    }
    expect(points).toBeGreaterThan(10);
  });
});

describe("the model itself", () => {
  test.each(secrets)("%s rotates to the end without a crash, and the old value is gone", (name) => {
    const world = newWorld([rotations[name]]);
    expect(drive(world, name, "rotate", sound)).toEqual({ kind: "done" });
    expect(world.config[name]).toEqual({ live: [2], active: 2 });
    expect(Object.keys(world.store[name] ?? {})).toEqual(["2"]);
    if (rotations[name].administrative !== true) expect(world.now).toBeGreaterThan(123);
  });

  test.each(secrets)("%s is revoked in one command, and the leaked value is gone", (name) => {
    const world = newWorld([rotations[name]]);
    expect(drive(world, name, "revoke", sound)).toEqual({ kind: "done" });
    expect(world.config[name]).toEqual({ live: [2], active: 2, urgent: 2 });
    expect(world.revoked[name]).toHaveLength(1);
    expect(world.now).toBe(100);
  });
});
