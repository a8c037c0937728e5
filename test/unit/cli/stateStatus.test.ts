/** What `status` says of a stack in AWS Secrets Manager, which it knows by the state alone. */
import { expect, test } from "vitest";
import type { DeclaredGenerations } from "../../../cli/rotation/declared.ts";
import { priced, statusOf } from "../../../cli/status.ts";
import { observedIn } from "../../../cli/stores/state.ts";
import { secretNames } from "../../../components/catalog/grants.ts";
import { parseGenerations } from "../../../components/rotation/generations.ts";
import { versionIdOf } from "../../../components/stores/provider/awsClient.ts";

const generation = (entry: string, number: number, created: string) => ({
  urn: `urn:pulumi:aws::goimg-secrets::goimg:stores:AwsSecretsManager$goimg-stores:aws:Generation::${entry}-g${number}`,
  type: "goimg-stores:aws:Generation",
  created,
  inputs: { entry, generation: number, value: { ciphertext: "v1:invented" } },
});

const definition = (service: string, reads: Readonly<Record<string, number>>, more = {}) => ({
  urn: `urn:pulumi:aws::goimg-secrets::aws:ecs/taskDefinition:TaskDefinition::${service}`,
  type: "aws:ecs/taskDefinition:TaskDefinition",
  created: "2026-03-01T00:00:00Z",
  inputs: {
    containerDefinitions: JSON.stringify([
      {
        name: service,
        secrets: Object.entries(reads).map(([name, number]) => ({
          name,
          valueFrom: `arn:aws:secretsmanager:eu-central-1:1:secret:goimg/aws/x-1:::${versionIdOf(number)}`,
        })),
      },
    ]),
  },
  ...more,
});

const observed = observedIn({
  deployment: {
    resources: [
      { type: "pulumi:pulumi:Stack", urn: "urn:pulumi:aws::goimg-secrets::pulumi:pulumi:Stack::x" },
      generation("JWT_PRIVATE_KEY", 1, "2026-01-01T00:00:00Z"),
      generation("JWT_PUBLIC_KEY", 1, "2026-01-01T00:00:00Z"),
      generation("REDIS_PASSWORD", 1, "2026-01-01T00:00:00Z"),
      generation("REDIS_PASSWORD", 2, "2026-03-01T00:00:00Z"),
      definition("api", { JWT_PRIVATE_KEY: 1, JWT_PUBLIC_KEY: 1, REDIS_PASSWORD: 2 }),
      definition("api", { JWT_PRIVATE_KEY: 1, JWT_PUBLIC_KEY: 1, REDIS_PASSWORD: 1 }, { delete: true }),
      definition("cache-acl", { REDIS_PASSWORD: 1, REDIS_PASSWORD__1: 2 }),
    ],
  },
});

function shown(config: object) {
  const declared = parseGenerations(config, secretNames, { optional: secretNames }) as DeclaredGenerations;
  const world = { declared, observed, reports: new Map(), audit: [], external: new Map() };
  return priced(statusOf(world, new Date("2026-03-11T00:00:00Z")), observed.secrets);
}

test("shows generations, phases, ages, due dates and what tasks are started with", () => {
  const all = shown({ REDIS_PASSWORD: { live: [1, 2], active: 2 } });
  expect(
    all.map(({ secret, generations, due, consumers }) => ({
      ...{ secret, due: due.slice(0, 10) },
      generations: generations.map(({ generation: number, phase, ageDays }) => [number, phase, ageDays]),
      consumers: consumers.map(({ service, tasks }) => [service, ...tasks.map(({ live, active }) => [live, active])]),
    })),
  ).toEqual([
    {
      ...{ secret: "JWT_KEY", due: "2026-07-01" },
      generations: [[1, "active", 69]],
      consumers: [["api", [[1], 1]]],
    },
    {
      ...{ secret: "REDIS_PASSWORD", due: "2026-06-01" },
      generations: [
        [1, "retiring", 69],
        [2, "active", 10],
      ],
      consumers: [
        ["api", [[2], 2]],
        ["cache-acl", [[1, 2], 1]],
      ],
    },
  ]);
  expect(all.flatMap(({ unsettled }) => unsettled)).toEqual([]);
});

test("says what is declared and not deployed yet", () => {
  const [, redis] = shown({ REDIS_PASSWORD: { live: [2], active: 2 } });
  expect(redis?.unsettled.join("\n")).toMatch(/cache-acl is deployed with generations 1, 2 of REDIS_PASSWORD/);
});

test("says what a month costs, in US dollars: each entry once, whatever generations it has, and the stack's key", () => {
  expect(shown({}).map(({ secret, pricePerMonth }) => [secret, pricePerMonth])).toEqual([
    ["JWT_KEY", { secret: 0.8, stack: 2.2 }],
    ["REDIS_PASSWORD", { secret: 0.4, stack: 2.2 }],
  ]);
});
