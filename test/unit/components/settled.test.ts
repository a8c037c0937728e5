/** What the gate waits for, and what it refuses to wait for any longer. */
import { EventEmitter } from "node:events";
import type Docker from "dockerode";
import { describe, expect, test } from "vitest";
import { secretSpecs } from "../../../components/catalog/grants.ts";
import { settled } from "../../../components/cluster/swarm/settled.ts";
import type { Declared } from "../../../components/secrets/declare.ts";
import { dbRoles } from "../../../components/services/database.ts";
import { worker } from "../../../components/services/worker.ts";
import type { ServiceSpec } from "../../../components/services/service.ts";

const declared: readonly Declared[] = [
  { secret: "DB_PASSWORD", spec: secretSpecs.DB_PASSWORD, required: true, live: [2], active: 2 },
];

interface Task {
  readonly id: string;
  readonly state: string;
  readonly generation?: number;
}

/** One look at the Swarm: the service's update, the generation of its spec, and its tasks, the oldest first. */
interface Look {
  readonly update?: string;
  /** When the update began. */
  readonly began?: string;
  readonly generation?: number;
  readonly tasks: readonly Task[];
}

const specOf = (generation: number) => ({
  ContainerSpec: { Secrets: [{ SecretID: `id-${generation}`, File: { Name: "DB_PASSWORD" } }] },
});

/** A Swarm that shows one look after the other, and the last one for ever. */
function swarm({ name, rollout }: ServiceSpec, looks: readonly Look[]): Docker {
  let asked = 0;
  const look = (): Look => looks[Math.min(asked, looks.length) - 1] ?? { tasks: [] };
  const job = rollout === "job" ? { "goimg.job": "true" } : {};
  return {
    listServices: () => {
      asked += 1;
      const { update = "completed", began = "1", generation = 2 } = look();
      const Labels = { "goimg.service": name, ...job };
      return [
        {
          ID: "s",
          Spec: { Name: name, Labels, TaskTemplate: specOf(generation) },
          UpdateStatus: { State: update, StartedAt: began },
        },
      ];
    },
    listTasks: () =>
      look().tasks.map(({ id, state, generation = 2 }, index) => ({
        ID: id,
        ServiceID: "s",
        Slot: 1,
        CreatedAt: new Date(index).toISOString(),
        Spec: specOf(generation),
        Status: { State: state, Timestamp: new Date(0).toISOString() },
      })),
    listSecrets: () =>
      [1, 2].map((generation) => ({
        ID: `id-${generation}`,
        CreatedAt: new Date(0).toISOString(),
        Spec: { Labels: { "goimg.entry": "DB_PASSWORD", "goimg.generation": String(generation) } },
      })),
    getEvents: () => Promise.resolve(Object.assign(new EventEmitter(), { destroy: () => undefined })),
  } as unknown as Docker;
}

const wait = (spec: ServiceSpec, looks: readonly Look[], timeout = 60_000): Promise<void> =>
  settled({ docker: swarm(spec, looks), stack: "dev", spec, declared, timeout });

const server = worker({ replicas: 1 });
const job = dbRoles();
const task = (id: string, state: string, generation?: number): Task =>
  generation === undefined ? { id, state } : { id, state, generation };

describe("the gate lets pass", () => {
  test("a server whose task runs what was asked, once it does", async () => {
    await wait(server, [
      { update: "updating", tasks: [task("old", "running", 1), task("new", "starting")] },
      { tasks: [task("new", "starting")] },
      { tasks: [task("new", "running")] },
    ]);
  });

  test("a job that has ended with 0, not one that works", async () => {
    await wait(job, [{ tasks: [task("a", "running")] }, { tasks: [task("a", "complete")] }]);
    await expect(wait(job, [{ tasks: [task("a", "running")] }], 300)).rejects.toThrow("db-roles: 0 of 1 tasks");
  });

  test("a job that failed twice and then did its work, whatever failed before", async () => {
    const before = [task("x", "failed"), task("y", "failed"), task("z", "failed")];
    await wait(job, [
      { tasks: [...before, task("a", "running")] },
      { tasks: [...before, task("a", "failed"), task("b", "failed"), task("c", "running")] },
      { tasks: [task("a", "failed"), task("b", "failed"), task("c", "complete")] },
    ]);
  });
});

describe("the gate fails the update", () => {
  test.each<[string, ServiceSpec, readonly Look[], RegExp]>([
    [
      "when it was rolled back",
      server,
      [{ generation: 1, tasks: [task("old", "running", 1)] }],
      /^worker: it was rolled back/,
    ],
    [
      "when it is paused",
      server,
      [{ update: "paused", tasks: [task("new", "failed")] }],
      /^worker: its update is paused/,
    ],
    [
      "when the job fails again and again",
      job,
      [
        { tasks: [task("a", "running")] },
        { tasks: [task("a", "failed"), task("b", "rejected"), task("c", "failed"), task("d", "running")] },
      ],
      /^db-roles: its job failed 3 times/,
    ],
  ])("%s", async (_, spec, looks, message) => {
    await expect(wait(spec, looks)).rejects.toThrow(message);
  });

  test("when it was rolled back with the same secrets, but not for a rollback of before", async () => {
    const looks: readonly Look[] = [{ update: "rollback_completed", began: "2", tasks: [task("old", "running")] }];
    const waited = (rolledBack: string | undefined): Promise<void> =>
      settled({ docker: swarm(server, looks), stack: "dev", spec: server, declared, rolledBack, timeout: 300 });
    await expect(waited("1")).rejects.toThrow("worker: it was rolled back to what ran before");
    await expect(waited(undefined)).rejects.toThrow("worker: it was rolled back to what ran before");
    await waited("2");
  });

  test("when a task goes on with the old secret for too long", async () => {
    const looks = [{ tasks: [task("old", "running", 1)] }];
    await expect(wait(server, looks, 300)).rejects.toThrow("worker: a task still has the old secrets after 0.3 s");
  });
});
