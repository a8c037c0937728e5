/** What the gate waits for, and what it refuses to wait for any longer. */
import { describe, expect, test } from "vitest";
import { settled } from "../../../components/cluster/swarm/settled.ts";
import { dbRoles } from "../../../components/services/database.ts";
import { worker } from "../../../components/services/worker.ts";
import type { ServiceSpec } from "../../../components/services/service.ts";
import { declared, swarm, task, type Look } from "./looks.ts";

const wait = (spec: ServiceSpec, looks: readonly Look[], timeout = 60_000): Promise<void> =>
  settled({ docker: swarm(spec, looks), stack: "dev", spec, declared, timeout });

const server = worker({ replicas: 1 });
const job = dbRoles();

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

describe("an update that Swarm's updater has stopped in", () => {
  const stalled = { update: "updating", tasks: [task("old", "running", 1), task("new", "running")] };
  const done = { tasks: [task("new", "running")] };
  const forcedBy = async (
    spec: ServiceSpec,
    looks: readonly Look[],
    stallAfter: number,
  ): Promise<readonly number[]> => {
    const forced: number[] = [];
    const docker = swarm(spec, [...looks, done], forced);
    await settled({ docker, stack: "dev", spec, declared, timeout: 60_000, stallAfter });
    return forced;
  };

  test("is begun again", async () => {
    expect(await forcedBy(server, Array<Look>(50).fill(stalled), 500)).toEqual([1]);
  });

  test("is left alone while a task is about to run, or anything changes, or a moment has not passed", async () => {
    const starting = { update: "updating", tasks: [task("old", "running", 1), task("new", "starting")] };
    expect(await forcedBy(server, Array<Look>(8).fill(starting), 500)).toEqual([]);
    const changing = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({ ...stalled, tasks: [task(String(n), "running", 1)] }));
    expect(await forcedBy(server, changing, 500)).toEqual([]);
    expect(await forcedBy(server, Array<Look>(4).fill(stalled), 5000)).toEqual([]);
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

  test("with what Docker says of its latest tasks, each reason once", async () => {
    const failing = (id: string, error: string) => ({ id, state: "failed", error });
    const tasks = [failing("a", "long ago"), ...["b", "c", "d", "e"].map((id) => failing(id, "no such network"))];
    await expect(wait(server, [{ update: "paused", tasks: [...tasks, task("f", "running")] }])).rejects.toThrow(
      "a task did not become healthy. Docker says: no such network. See why: docker service ps --no-trunc",
    );
  });

  test("when it is rolled back once it was asked, and not for what ran before", async () => {
    const looks: readonly Look[] = Array.from({ length: 5 }, () => ({
      generation: 1,
      tasks: [task("old", "running", 1)],
    }));
    let asked = false;
    const docker = swarm(server, [...looks, { tasks: [task("new", "running")] }]);
    await settled({ docker, stack: "dev", spec: server, declared, timeout: 60_000, asked: () => asked });
    asked = true;
    const again = settled({
      docker: swarm(server, looks),
      stack: "dev",
      spec: server,
      declared,
      timeout: 60_000,
      asked: () => asked,
    });
    await expect(again).rejects.toThrow("worker: it was rolled back to what ran before");
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
