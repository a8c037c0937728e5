import type { Volume } from "@pulumi/docker";
import { output } from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { secretSpecs } from "../../../components/catalog/grants.ts";
import { containerSpec, type ContainerContext } from "../../../components/cluster/swarm/container.ts";
import type { ServiceName } from "../../../components/catalog/types.ts";
import { waitsFor } from "../../../components/cluster/swarm/waits.ts";
import type { Generations } from "../../../components/rotation/generations.ts";
import type { Declared } from "../../../components/secrets/declare.ts";
import { dbMigrate, dbRoles } from "../../../components/services/database.ts";
import type { ServiceSpec } from "../../../components/services/service.ts";

const context = (state: Partial<Generations>): ContainerContext => ({
  declared: declared(state),
  stored: [1, 2].map((generation) => ({
    entry: "DB_PASSWORD",
    secret: "DB_PASSWORD",
    generation,
    id: output(""),
    name: output(""),
  })),
  production: false,
  image: (name) => name,
  volumes: new Map([["database-socket", { name: "" } as unknown as Volume]]),
  manifest: undefined,
  access: undefined,
  files: [],
});

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

test("the job that ends a leaked role waits for none of its sessions, and is not run again when the emergency is over", () => {
  const env = (state: Partial<Generations>) => containerSpec(dbRoles(), context(state)).env;
  expect(env({})).not.toHaveProperty("DRAIN_SECONDS");
  expect(env({ live: [2], urgent: 2, revoking: true })).toHaveProperty("DRAIN_SECONDS", "0");
  expect(env({ live: [2], urgent: 2 })).toEqual(env({ live: [2], urgent: 2, revoking: true }));
});
