import { describe, expect, test } from "vitest";
import { applyEdits, applyTo, describeChange, InvalidEdit, toConfig } from "../../../components/rotation/edits.ts";
import type { SecretFacts, ServiceFact } from "../../../components/rotation/facts.ts";
import type { Generations } from "../../../components/rotation/generations.ts";
import { unsafeReasons } from "../../../components/rotation/guard.ts";
import { goalOf, hasComeTo, next, plan, type Goal, type Situation } from "../../../components/rotation/machine.ts";
import { phasesOf } from "../../../components/rotation/phases.ts";
import { rotations } from "./scenarios.ts";
import { hour, newWorld, observe, rotationIn, withHeld } from "./world.ts";

type Name = keyof typeof rotations;

/** A stack in which the declaration is carried out everywhere, long ago. */
function settled(name: Name, declared: Generations = { live: [1], active: 1 }): Situation {
  const world = newWorld([rotations[name]], 2, declared);
  const rotation = withHeld(world, rotationIn(world.rotations, name));
  return { rotation, declared, facts: observe(world, name), now: hour(100) };
}

const api = ({ facts }: Situation): ServiceFact => {
  const found = facts.services.find(({ service }) => service === "api");
  if (found === undefined) throw new Error("no api");
  return found;
};

const withApi = (situation: Situation, change: Partial<ServiceFact>): Situation => {
  const services = situation.facts.services.map((one) => (one.service === "api" ? { ...one, ...change } : one));
  return { ...situation, facts: { ...situation.facts, services } };
};

const summaries = (kind: Goal["kind"], situation: Situation, leaked?: readonly number[]): string[] =>
  plan(goalOf(kind, situation, leaked), situation).map(({ action, after }) => {
    const flag = after.revoking === true ? " revoking" : "";
    return `${action}: [${after.live.join(",")}] ${after.active}${flag}`;
  });

describe("plans list the reviewable edits", () => {
  const three = ["publish: [1,2] 1", "promote: [1,2] 2", "retire: [2] 2"];
  test.each<[Name, string[]]>([
    ["JWT_KEY", three],
    ["DB_PASSWORD", three],
    ["REDIS_ADMIN_PASSWORD", three],
    ["S3_KEY", three],
    ["IPFS_PINATA_JWT", three],
    ["GRAFANA_ADMIN_PASSWORD", ["promote: [1,2] 2", "retire: [2] 2"]],
  ])("rotate %s", (name, steps) => {
    expect(summaries("rotate", settled(name))).toEqual(steps);
  });

  const atOnce = ["revoke: [2] 2 revoking", "revoke: [2] 2"];
  test.each<[Name, string[]]>([
    ["JWT_KEY", atOnce],
    ["DB_PASSWORD", atOnce],
    ["REDIS_PASSWORD", atOnce],
    ["REDIS_ADMIN_PASSWORD", ["promote: [1,2] 2 revoking", "revoke: [2] 2"]],
    ["S3_KEY", atOnce],
    ["GRAFANA_ADMIN_PASSWORD", atOnce],
  ])("revoke %s", (name, steps) => {
    expect(summaries("revoke", settled(name))).toEqual(steps);
  });

  test("the leak of the active generation during a rotation drops it, and makes room for a key where there are two slots only", () => {
    const retiring = { live: [1, 2], active: 2 };
    expect(summaries("revoke", settled("REDIS_ADMIN_PASSWORD", retiring), [2])).toEqual([
      "promote: [1,2,3] 3 revoking",
      "revoke: [1,3] 3",
    ]);
    expect(summaries("revoke", settled("DB_PASSWORD", retiring), [2])).toEqual([
      "revoke: [1,3] 3 revoking",
      "revoke: [1,3] 3",
    ]);
    expect(summaries("revoke", settled("S3_KEY", retiring), [2])).toEqual([
      "revoke: [2] 2",
      "revoke: [3] 3 revoking",
      "revoke: [3] 3",
    ]);
  });

  test("consumers hurry to the generation that an emergency brings, and no longer once the next one is promoted", () => {
    const urgent = (kind: Goal["kind"], declared?: Generations): (number | undefined)[] => {
      const situation = settled("DB_PASSWORD", declared);
      return plan(goalOf(kind, situation), situation).map(({ after }) => after.urgent);
    };
    expect(urgent("revoke")).toEqual([2, 2]);
    expect(urgent("rotate", { live: [2], active: 2, urgent: 2 })).toEqual([2, undefined, undefined]);
    expect(urgent("rollback", { live: [1, 2], active: 2, urgent: 2 })).toEqual([undefined, undefined]);
  });

  test("a leaked generation that nobody uses is dropped at once; one that is published takes over", () => {
    const published = settled("DB_PASSWORD", { live: [1, 2], active: 1 });
    expect(summaries("revoke", published, [2])).toEqual(["revoke: [1] 1"]);
    expect(summaries("revoke", published, [1])).toEqual(atOnce);
  });

  test("rollback goes back, and then takes the newer one away", () => {
    const promoted = settled("DB_PASSWORD", { live: [1, 2], active: 2 });
    expect(summaries("rollback", promoted)).toEqual(["rollback: [1,2] 1", "abandon: [1] 1"]);
    expect(() => goalOf("rollback", settled("DB_PASSWORD"))).toThrow("can't be rolled back, run goimg-secrets rotate");
  });

  test("an edit by hand that dropped what clients use is taken back first", () => {
    const situation = { ...settled("DB_PASSWORD", { live: [1, 2], active: 2 }), declared: { live: [1], active: 1 } };
    expect(goalOf("rotate", situation)).toEqual({ kind: "rotate", target: 2 });
    expect(next({ kind: "rotate", target: 2 }, situation)).toMatchObject({
      action: "restore",
      edits: [{ kind: "publish", generation: 2 }],
    });
  });

  test("tell how far a declaration has come", () => {
    const goal: Goal = { kind: "rotate", target: 2 };
    const comeTo = (declared: Generations): string[] =>
      (["publish", "promote", "retire"] as const).filter((step) => hasComeTo(step, goal, declared));
    expect(comeTo({ live: [1], active: 1 })).toEqual([]);
    expect(comeTo({ live: [1, 2], active: 1 })).toEqual(["publish"]);
    expect(comeTo({ live: [1, 2], active: 2 })).toEqual(["publish", "promote"]);
    expect(comeTo({ live: [2], active: 2 })).toEqual(["publish", "promote", "retire"]);
    const emergency: Goal = { kind: "revoke", target: 2, leaked: [1] };
    expect(hasComeTo("publish", emergency, { live: [2], active: 2 })).toBe(false);
  });

  test("a number is not used twice", () => {
    const situation = settled("DB_PASSWORD");
    const facts: SecretFacts = { ...situation.facts, highest: 4 };
    expect(goalOf("rotate", { ...situation, facts })).toEqual({ kind: "rotate", target: 5 });
  });
});

describe("a step waits for what it depends on", () => {
  const published = settled("JWT_KEY", { live: [1, 2], active: 1 });
  const rotate: Goal = { kind: "rotate", target: 2 };
  const reasons = (situation: Situation, goal = rotate): readonly { kind: string; message: string }[] => {
    const step = next(goal, situation);
    return step.kind === "blocked" ? step.reasons : [];
  };

  test("for every task's report", () => {
    const [first, second] = api(published).tasks;
    if (first === undefined || second === undefined) throw new Error("two tasks");
    const late = { ...second, held: { live: [1], active: 1 } };
    expect(reasons(withApi(published, { tasks: [first, late] }))).toEqual([
      {
        kind: "task",
        service: "api",
        task: "1",
        message: "task 1 of api reports generations 1 of JWT_KEY (active 1), due are 1, 2 (active 1)",
      },
    ]);
  });

  test("for the orchestrator", () => {
    expect(reasons(withApi(published, { update: "updating" }))).toMatchObject([{ kind: "update", service: "api" }]);
    expect(reasons(withApi(published, { tasks: [] }))).toMatchObject([{ kind: "update", service: "api" }]);
  });

  test("for a deploy that was rolled back or paused: it is done again", () => {
    const old = { spec: { live: [1], active: 1 } };
    expect(next(rotate, withApi(published, old))).toMatchObject({ kind: "step", action: "deploy", edits: [] });
    expect(next(rotate, withApi(published, { update: "paused" }))).toMatchObject({ action: "deploy", edits: [] });
  });

  test("for the caches of the JWKS, then for the tokens' lifetime or the grace, whichever is longer", () => {
    expect(reasons({ ...published, now: hour(0.5) })).toMatchObject([{ kind: "time", until: hour(1) }]);
    const promoted = settled("JWT_KEY", { live: [1, 2], active: 2 });
    expect(reasons({ ...promoted, now: hour(23) })).toMatchObject([{ kind: "time", until: hour(24) }]);
    const rotation = { ...promoted.rotation, grace: 0 };
    expect(reasons({ ...promoted, rotation, now: hour(11) })).toMatchObject([{ kind: "time", until: hour(12) }]);
    expect(next(rotate, { ...promoted, rotation, now: hour(12) })).toMatchObject({ action: "retire" });
  });

  test("for a third party's value, and for one that its issuer accepts", () => {
    const situation = settled("IPFS_PINATA_JWT");
    const given = (supplied: number[], refused: number[]): Situation => ({
      ...situation,
      facts: { ...situation.facts, external: { supplied, refused } },
    });
    expect(reasons(given([1], []))[0]?.message).toContain("has no value");
    expect(reasons(given([1, 2], [2]))[0]?.message).toContain("was refused by its issuer");
    expect(next(rotate, given([1, 2], []))).toMatchObject({ action: "publish" });
  });

  test("a rotation waits for an emergency to end", () => {
    const situation = settled("DB_PASSWORD", { live: [1, 2], active: 2, revoking: true });
    expect(reasons(situation)[0]?.message).toContain("finish it first (goimg-secrets revoke DB_PASSWORD)");
    expect(goalOf("revoke", situation)).toEqual({ kind: "revoke", leaked: [1], target: 2 });
  });
});

describe("the guard refuses what one update can't reach, and says the fix", () => {
  const refused = (name: Name, from: Generations, to: Generations): string[] => {
    const { rotation, facts } = settled(name, from);
    return unsafeReasons(rotation, to, facts);
  };
  const one = { live: [1], active: 1 };

  test("dropping what is in use, unless in an emergency", () => {
    const [reason] = refused("DB_PASSWORD", one, { live: [2], active: 2 });
    expect(reason).toContain(
      "generation 1 is used by api and not declared live; keep it in live until every task uses 2",
    );
    expect(refused("DB_PASSWORD", one, { live: [2], active: 2, revoking: true })).toEqual([]);
    expect(refused("REDIS_ADMIN_PASSWORD", one, { live: [2], active: 2, revoking: true })).toHaveLength(1);
    expect(refused("S3_KEY", one, { live: [2], active: 2 })).toHaveLength(1);
    expect(refused("S3_KEY", one, { live: [2], active: 2, revoking: true })).toEqual([]);
    expect(refused("IPFS_PINATA_JWT", one, { live: [2], active: 2, revoking: true })).toEqual([]);
  });

  test("dropping what a single task still uses, or what a failing update would go back to", () => {
    const situation = settled("DB_PASSWORD", { live: [1, 2], active: 2 });
    const old = { live: [1], active: 1 };
    const [task] = api(situation).tasks;
    if (task === undefined) throw new Error("a task");
    const changes: Partial<ServiceFact>[] = [
      { tasks: [task, { ...task, held: old }] },
      { update: "updating", rollbackTo: old },
      { spec: old },
    ];
    for (const change of changes) {
      const { rotation, facts } = withApi(situation, change);
      expect(unsafeReasons(rotation, { live: [2], active: 2 }, facts)).toHaveLength(1);
    }
  });

  test("signing before publishing", () => {
    const [reason] = refused("JWT_KEY", one, { live: [1, 2], active: 2 });
    expect(reason).toContain("not yet known to every task of api; deploy it as live first");
    expect(refused("DB_PASSWORD", one, { live: [1, 2], active: 2 })).toEqual([]);
  });

  test("retiring and publishing at once", () => {
    const [reason] = refused("DB_PASSWORD", { live: [1, 2], active: 2 }, { live: [2, 3], active: 2 });
    expect(reason).toContain("there would be 3 at the same time (1, 2, 3), at most 2 are allowed");
  });

  test("a number for a second value", () => {
    const [reason] = refused("DB_PASSWORD", { live: [3], active: 3 }, { live: [2, 3], active: 3 });
    expect(reason).toContain("generation 2 is retired and its number is not used again; the next new one is 4");
  });

  test("locking out the job that logs in with it", () => {
    const [reason] = refused("REDIS_ADMIN_PASSWORD", one, { live: [2], active: 2 });
    expect(reason).toContain("cache-acl logs in with it, and has not got 2 accepted yet; keep 1 in live until it has");
  });
});

describe("phases", () => {
  const phases = (situation: Situation): unknown => Object.fromEntries(phasesOf(situation));
  test("of a rotation that goes well", () => {
    const published = settled("DB_PASSWORD", { live: [1, 2], active: 1 });
    expect(phases(published)).toEqual({ 1: "active", 2: "published" });
    expect(phases(settled("DB_PASSWORD", { live: [1, 2], active: 2 }))).toEqual({ 1: "retiring", 2: "active" });
    const staged = { ...settled("DB_PASSWORD"), declared: published.declared };
    expect(phases(staged)).toEqual({ 1: "active", 2: "staged" });
    const retired = { ...settled("DB_PASSWORD", { live: [1, 2], active: 2 }), declared: { live: [2], active: 2 } };
    expect(phases(retired)).toEqual({ 1: "retiring", 2: "active" });
    expect(phases(settled("REDIS_ADMIN_PASSWORD"))).toEqual({ 1: "active" });
  });
});

describe("edits", () => {
  const declared = { A: { live: [1], active: 1 }, B: { live: [2], active: 2 } };
  test("change what they name and nothing else", () => {
    const after = applyEdits(declared, [
      { kind: "publish", secret: "A", generation: 2 },
      { kind: "promote", secret: "A", generation: 2 },
    ]);
    expect(after).toEqual({ A: { live: [1, 2], active: 2 }, B: { live: [2], active: 2 } });
    expect(declared.A).toEqual({ live: [1], active: 1 });
    expect(describeChange("A", declared.A, after["A"] ?? declared.A)).toBe("A: live [1] → [1, 2], active 1 → 2");
    expect(toConfig(after, [])).toEqual(after);
    expect(toConfig({ A: { live: [1], active: 1 } }, [])).toEqual({});
  });

  test.each([
    [{ kind: "publish", secret: "A", generation: 1 }, "it is live already"],
    [{ kind: "promote", secret: "A", generation: 2 }, "it is not live: publish it first"],
    [{ kind: "urgent", secret: "A", generation: 2 }, "it is not live: publish it first"],
    [{ kind: "drop", secret: "A", generation: 1 }, "it is active: promote another one first"],
    [{ kind: "drop", secret: "A", generation: 2 }, "it is not live"],
  ] as const)("%j is refused", (edit, why) => {
    expect(() => applyTo("A", declared.A, [edit])).toThrow(InvalidEdit);
    expect(() => applyTo("A", declared.A, [edit])).toThrow(why);
  });
});

describe("the goal of a rotation", () => {
  test("is to finish a retirement that was not carried out, before anything new", () => {
    const retired = settled("DB_PASSWORD", { live: [1, 2], active: 2 });
    const unfinished = { ...retired, declared: { live: [2], active: 2 } };
    const goal = goalOf("rotate", unfinished);
    expect(goal).toEqual({ kind: "rotate", target: 2 });
    expect(next(goal, unfinished)).toMatchObject({ kind: "step", action: "deploy", edits: [] });
    expect(goalOf("rotate", settled("DB_PASSWORD", { live: [2], active: 2 }))).toEqual({ kind: "rotate", target: 3 });
  });
});
