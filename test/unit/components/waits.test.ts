import { expect, test } from "vitest";
import { secretSpecs } from "../../../components/catalog/grants.ts";
import type { ServiceName } from "../../../components/catalog/types.ts";
import { waitsFor } from "../../../components/cluster/swarm/waits.ts";
import type { Generations } from "../../../components/rotation/generations.ts";
import type { Declared } from "../../../components/secrets/declare.ts";
import { dbMigrate, dbRoles } from "../../../components/services/database.ts";
import type { ServiceSpec } from "../../../components/services/service.ts";

const specs = new Map<ServiceName, ServiceSpec>([
  ["db-migrate", dbMigrate()],
  ["db-roles", dbRoles()],
]);
const api = { after: ["db-migrate", "cache-acl", "s3"] } as const;
const declared = (state: Partial<Generations>): readonly Declared[] => [
  { secret: "DB_PASSWORD", spec: secretSpecs.DB_PASSWORD, required: true, live: [1, 2], active: 2, ...state },
];

test("clients wait for a migration, in a rotation as in a deployment", () => {
  expect(waitsFor(api, specs, declared({}))).toEqual(["db-migrate", "cache-acl", "s3"]);
  // The mark of an emergency that is over.
  expect(waitsFor(api, specs, declared({ urgent: 2 }))).toEqual(["db-migrate", "cache-acl", "s3"]);
});

test("in an emergency they wait for what it waits for: the job that has the new value accepted", () => {
  const leaked = declared({ urgent: 2, revoking: true });
  expect(waitsFor(api, specs, leaked)).toEqual(["postgres", "db-roles", "cache-acl", "s3"]);
  expect(waitsFor({ after: ["db-roles"] }, specs, leaked)).toEqual(["db-roles"]);
});
