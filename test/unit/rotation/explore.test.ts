import { describe, expect, test } from "vitest";
import { act, type Action } from "./model.ts";
import { rotations, starts } from "./scenarios.ts";
import { newWorld, type World } from "./world.ts";

/**
 * Through every state that can be reached within a budget of unlucky or human events: not a sample of the
 * interleavings, but all of them. What the update and the orchestrator do of themselves costs nothing.
 */
const budget = {
  edits: Number(process.env["ROTATION_EDITS"] ?? 1),
  faults: Number(process.env["ROTATION_FAULTS"] ?? 1),
};

/** One secret for each way of accepting credentials: those left out have the rules of one that is here. */
const different = ["JWT_KEY", "DB_PASSWORD", "REDIS_ADMIN_PASSWORD", "S3_KEY", "GRAFANA_ADMIN_PASSWORD"] as const;

interface Node {
  readonly world: World;
  readonly edits: number;
  readonly faults: number;
}

/** Values are renamed in the order of their making and times left out, so that equal situations are one state. */
const keyOf = ({ world, edits, faults }: Node): string => {
  const { config, store, granted, services, up, revoked, leaking, emergency } = world;
  const seen = { config, store, granted, services, up, revoked, leaking, emergency, edits, faults };
  return JSON.stringify(seen, (name, value: unknown) => (name === "since" || name === "lastUsed" ? undefined : value));
};

function* successors(node: Node, name: string): Generator<{ action: Action; edits: number; faults: number }> {
  const { world, edits, faults } = node;
  if (world.up !== undefined) yield { action: { kind: "advance" }, edits, faults };
  for (const [service, { update, slots }] of world.services.entries()) {
    if (update === "updating" || update === "rollingBack")
      yield { action: { kind: "swarm", service, healthy: true }, edits, faults };
    if (faults === 0) continue;
    if (update === "updating") yield { action: { kind: "swarm", service, healthy: false }, edits, faults: faults - 1 };
    for (const slot of slots.keys()) yield { action: { kind: "restart", service, slot }, edits, faults: faults - 1 };
  }
  if (world.up === undefined) yield { action: { kind: "up" }, edits, faults };
  else if (faults > 0) yield { action: { kind: "crash" }, edits, faults: faults - 1 };
  if (edits === 0) return;
  for (const declared of declarations(world, name)) {
    yield { action: { kind: "hand", secret: name, declared }, edits: edits - 1, faults };
  }
}

/** Every declaration over the present numbers and the next. */
function declarations(world: World, name: string): { live: number[]; active: number; revoking?: boolean }[] {
  const numbers = Array.from({ length: (world.highest[name] ?? 1) + 1 }, (_, index) => index + 1);
  const sets = numbers
    .reduce<number[][]>((all, number) => [...all, ...all.map((set) => [...set, number])], [[]])
    .filter((set) => set.length > 0);
  return sets.flatMap((live) =>
    live.flatMap((active) => [...(live.length < 3 ? [{ live, active }] : []), { live, active, revoking: true }]),
  );
}

/** Explores from every phase; throws with the path that leads to a broken invariant. The number of states seen. */
function explore(name: keyof typeof rotations): number {
  const queue = starts.map((start): Node => ({ world: newWorld([rotations[name]], 2, start), ...budget }));
  const seen = new Set(queue.map(keyOf));
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    for (const { action, edits, faults } of successors(node, name)) {
      const after: Node = { world: structuredClone(node.world), edits, faults };
      act(after.world, action);
      const key = keyOf(after);
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(after);
    }
  }
  return seen.size;
}

describe(`every reachable state within ${budget.edits} edits by hand and ${budget.faults} faults`, () => {
  test.each(different)("%s", { timeout: 600_000 }, (name) => {
    expect(explore(name)).toBeGreaterThan(500);
  });
});
