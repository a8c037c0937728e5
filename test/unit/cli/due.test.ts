import { describe, expect, test } from "vitest";
import { secretNames, secretSpecs, type SecretName } from "../../../components/catalog/grants.ts";
import type { Generations } from "../../../components/rotation/generations.ts";
import type { DeclaredGenerations } from "../../../cli/rotation/declared.ts";
import { dueSecrets } from "../../../cli/rotation/due.ts";
import type { World } from "../../../cli/rotation/situation.ts";

const now = new Date("2026-06-01T00:00:00Z");
const recent = new Date("2026-05-01T00:00:00Z");
const old = new Date("2024-01-01T00:00:00Z");

interface Case {
  readonly secret: SecretName;
  readonly createdAt: Date;
  readonly declared?: Generations;
  readonly stored?: readonly number[];
  readonly supplied?: readonly number[];
}

function worldOf(cases: readonly Case[]): World {
  const initial = Object.fromEntries(secretNames.map((name) => [name, { live: [1], active: 1 }]));
  const own = Object.fromEntries(cases.flatMap(({ secret, declared }) => (declared ? [[secret, declared]] : [])));
  return {
    declared: { ...initial, ...own } as DeclaredGenerations,
    observed: {
      services: [],
      secrets: cases.flatMap(({ secret, createdAt, stored = [1] }) =>
        Object.keys(secretSpecs[secret].entries).flatMap((entry) =>
          stored.map((generation) => ({ id: `${entry}${generation}`, entry, generation, createdAt })),
        ),
      ),
    },
    reports: new Map(),
    audit: [],
    external: new Map(
      cases
        .filter(({ secret }) => secretSpecs[secret].kind === "external")
        .map(({ secret, supplied = [1] }) => [secret, { supplied, refused: [] }]),
    ),
  };
}

const dueOf = (...cases: readonly Case[]): unknown => dueSecrets(worldOf(cases), now);

describe("what an unattended run does", () => {
  test("is what is past its period, and nothing else", () => {
    const cases = [
      { secret: "DB_PASSWORD", createdAt: old },
      { secret: "JWT_KEY", createdAt: recent },
    ] as const;
    expect(dueOf(...cases)).toEqual({ ready: ["DB_PASSWORD"], waiting: [] });
  });

  test("is every rotation under way, down to a retirement that was not carried out", () => {
    const cases = [
      { secret: "DB_PASSWORD", createdAt: recent, declared: { live: [1, 2], active: 2 }, stored: [1, 2] },
      { secret: "S3_KEY", createdAt: recent, declared: { live: [2], active: 2 }, stored: [1, 2] },
      { secret: "JWT_KEY", createdAt: recent, declared: { live: [2], active: 2 }, stored: [2] },
    ] as const;
    expect(dueOf(...cases)).toEqual({ ready: ["DB_PASSWORD", "S3_KEY"], waiting: [] });
  });

  test("is not what only a person can go on with, which does not keep others waiting", () => {
    const cases = [
      { secret: "DB_PASSWORD", createdAt: old },
      { secret: "IPFS_PINATA_JWT", createdAt: old },
      { secret: "SMTP_PASSWORD", createdAt: old, supplied: [1, 2] },
    ] as const;
    expect(dueOf(...cases)).toEqual({ ready: ["DB_PASSWORD", "SMTP_PASSWORD"], waiting: ["IPFS_PINATA_JWT"] });
  });
});
