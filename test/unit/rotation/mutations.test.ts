import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { act, drive } from "./model.ts";
import { histories, rotations } from "./scenarios.ts";
import { sound, type Rules } from "./up.ts";
import { newWorld } from "./world.ts";

/**
 * A property that nothing can break proves nothing: each rule of the order, switched off alone, must be missed by some
 * invariant. The seed is fixed, so that the same counterexample is found each time.
 */
const missed: readonly (readonly [keyof Rules, keyof typeof rotations, RegExp])[] = [
  ["guard", "JWT_KEY", /invariant [1235]/],
  ["guard", "DB_PASSWORD", /invariant [1235]/],
  ["guard", "REDIS_ADMIN_PASSWORD", /invariant [1235]/],
  ["guard", "S3_KEY", /invariant [1235]/],
  ["gate", "JWT_KEY", /invariant 2/],
];

describe("a rule that is switched off is missed by an invariant", () => {
  test.each(missed)("%s, for %s", (rule, name, invariant) => {
    const rules: Rules = { ...sound, [rule]: false };
    const details = fc.check(
      fc.property(histories([name]), ({ start, actions }) => {
        const world = newWorld([rotations[name]], 2, start);
        for (const action of actions) act(world, action, rules);
      }),
      { numRuns: 5000, seed: 7, endOnFailure: true },
    );
    expect(details.failed).toBe(true);
    expect(String(details.errorInstance)).toMatch(invariant);
  });
});

/** Health checks and the Swarm itself keep these from doing harm: what they cost is that the update never gets through. */
const stuck: readonly (readonly [keyof Rules, keyof typeof rotations])[] = [
  ["clientsLast", "DB_PASSWORD"],
  ["deleteLast", "JWT_KEY"],
];

describe("a rule that is switched off leaves a command stuck", () => {
  test.each(stuck)("%s, for %s", (rule, name) => {
    const world = newWorld([rotations[name]]);
    expect(drive(world, name, "revoke", { ...sound, [rule]: false })).not.toEqual({ kind: "done" });
  });
});
