import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { act, drive } from "./model.ts";
import { histories, rotations, secrets } from "./scenarios.ts";
import { newWorld } from "./world.ts";

const runs = Number(process.env["ROTATION_RUNS"] ?? 400);

/** Two secrets at once: each beside the next one, so that every strategy meets two others. */
const pairs = secrets.map((name, index) => [name, secrets[(index + 1) % secrets.length] ?? name] as const);

describe("the invariants hold at every instant, whatever happens in whatever order", () => {
  test.each(pairs)("%s and %s", (one, other) => {
    fc.assert(
      fc.property(histories([one, other]), ({ start, actions }) => {
        const world = newWorld([rotations[one], rotations[other]], 2, start);
        for (const action of actions) act(world, action);
      }),
      { numRuns: runs },
    );
  });

  test.each(secrets)("%s, with three tasks", (name) => {
    fc.assert(
      fc.property(histories([name]), ({ start, actions }) => {
        const world = newWorld([rotations[name]], 3, start);
        for (const action of actions) act(world, action);
      }),
      { numRuns: runs },
    );
  });
});

describe("whatever happened, commands alone lead on", () => {
  test.each(secrets)("%s", (name) => {
    fc.assert(
      fc.property(histories([name]), ({ start, actions }) => {
        const world = newWorld([rotations[name]], 2, start);
        for (const action of actions) if (action.kind !== "hand") act(world, action);
        const emergency = world.config[name]?.revoking === true;
        if (emergency) expect(drive(world, name, "revoke")).toEqual({ kind: "done" });
        expect(drive(world, name, "rotate")).toEqual({ kind: "done" });
        const { live, active } = world.config[name] ?? { live: [], active: 0 };
        expect(live).toEqual([active]);
        expect(Object.keys(world.store[name] ?? {})).toEqual([String(active)]);
      }),
      { numRuns: runs },
    );
  });
});
