import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import { Gate } from "../../../components/cluster/swarm/gate.ts";
import type { Generations } from "../../../components/rotation/generations.ts";
import { dbRoles } from "../../../components/services/database.ts";
import { declared, swarm, task } from "./looks.ts";
import { mockEngine } from "./mocks.ts";

const spec = dbRoles();
const answer = Promise.withResolvers<string>();

beforeAll(async () => {
  await mockEngine({}, { answered: () => answer.promise });
});

/** The gate of a job that does its work, behind a provider that has not answered yet. */
function gate(name: string, state: Partial<Generations>): Gate {
  const service = new docker.Service(name, { name, taskSpec: { containerSpec: { image: "none" } } });
  const manager = swarm(spec, [{ tasks: [task("job", "running")] }, { tasks: [task("job", "complete")] }]);
  const states = declared.map((one) => ({ ...one, ...state }));
  return new Gate(name, { docker: manager, before: undefined, service, spec, declared: states });
}

test("in an emergency what the Swarm shows is enough; the provider's answer is waited for behind it", async () => {
  const { seen, passed } = gate("urgent", { revoking: true, urgent: 2 });
  expect(seen).toBeDefined();
  await seen;
  const order: string[] = [];
  const done = new Promise((resolve) =>
    pulumi.output(passed).apply(() => {
      resolve(order.push("passed"));
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  order.push("answered");
  answer.resolve("");
  await done;
  expect(order).toEqual(["answered", "passed"]);
});

test("else, and when the emergency is over, nothing is looked at before the provider has answered", () => {
  expect(gate("calm", {}).seen).toBeUndefined();
  expect(gate("over", { urgent: 2 }).seen).toBeUndefined();
});
