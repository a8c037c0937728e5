import fc from "fast-check";
import type { Strategy } from "../../../components/catalog/types.ts";
import type { Rotation } from "../../../components/rotation/strategies.ts";
import type { Action } from "./model.ts";

const hours = 3_600_000;

export const rotationOf = (secret: string, strategy: Strategy, administrative = false): Rotation => ({
  secret,
  strategy,
  grace: 24 * hours,
  jwksCache: 1 * hours,
  tokenLifetime: 12 * hours,
  administrative,
});

/** One secret of each strategy, and the administrative one. */
export const rotations = {
  JWT_KEY: rotationOf("JWT_KEY", "dual-key"),
  DB_PASSWORD: rotationOf("DB_PASSWORD", "alternating-users"),
  REDIS_PASSWORD: rotationOf("REDIS_PASSWORD", "dual-password"),
  REDIS_ADMIN_PASSWORD: rotationOf("REDIS_ADMIN_PASSWORD", "dual-password", true),
  S3_KEY: rotationOf("S3_KEY", "dual-access-key"),
  IPFS_PINATA_JWT: rotationOf("IPFS_PINATA_JWT", "external"),
  GRAFANA_ADMIN_PASSWORD: rotationOf("GRAFANA_ADMIN_PASSWORD", "redeploy"),
} as const;

export const secrets = Object.keys(rotations) as (keyof typeof rotations)[];

/** Any valid declaration of small numbers, as a person may write it. */
const declaration = fc
  .record({
    live: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
    pick: fc.nat({ max: 2 }),
    revoking: fc.boolean(),
  })
  .map(({ live, pick, revoking }) => {
    const sorted = [...live].sort((a, b) => a - b);
    const active = sorted[pick % sorted.length] ?? 1;
    return revoking || sorted.length > 2 ? { live: sorted, active, revoking: true } : { live: sorted, active };
  });

/** Anything that can happen to these secrets, with the frequent things frequent. */
export function actions(names: readonly string[]): fc.Arbitrary<Action> {
  const secret = fc.constantFrom(...names);
  const service = fc.nat({ max: 5 });
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant<Action>({ kind: "advance" }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("swarm" as const), service, healthy: fc.constant(true) }) },
    { weight: 4, arbitrary: fc.constant<Action>({ kind: "up" }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("command" as const),
        secret,
        goal: fc.constantFrom("rotate" as const, "rotate" as const, "rollback" as const, "revoke" as const),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("hand" as const), secret, declared: declaration }) },
    { weight: 1, arbitrary: fc.constant<Action>({ kind: "crash" }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("swarm" as const), service, healthy: fc.constant(false) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("restart" as const), service, slot: fc.nat({ max: 1 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("sleep" as const), hours: fc.constantFrom(1, 13, 25) }) },
  );
}

/** Where a history starts: in each phase of a rotation. */
export const starts = [
  { live: [1], active: 1 },
  { live: [1, 2], active: 1 },
  { live: [1, 2], active: 2 },
] as const;

/** A phase to start in, and what happens then: single actions, and stretches in which things go on undisturbed. */
export const histories = (
  names: readonly string[],
): fc.Arbitrary<{ start: (typeof starts)[number]; actions: readonly Action[] }> =>
  fc.record({
    start: fc.constantFrom(...starts),
    actions: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: actions(names) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant("run" as const), steps: fc.nat({ max: 60 }) }) },
      ),
      { maxLength: 60 },
    ),
  });
