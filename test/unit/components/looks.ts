import { EventEmitter } from "node:events";
import type Docker from "dockerode";
import { secretSpecs } from "../../../components/catalog/grants.ts";
import type { Declared } from "../../../components/secrets/declare.ts";
import type { ServiceSpec } from "../../../components/services/service.ts";

/** The one secret of these tests: its second generation is what is asked for. */
export const declared: readonly Declared[] = [
  { secret: "DB_PASSWORD", spec: secretSpecs.DB_PASSWORD, required: true, live: [2], active: 2 },
];

export interface Task {
  readonly id: string;
  readonly state: string;
  readonly generation?: number;
  /** Why it failed. */
  readonly error?: string;
}

/** One look at the Swarm: the service's update, the generation of its spec, and its tasks, the oldest first. */
export interface Look {
  readonly update?: string;
  /** When the update began. */
  readonly began?: string;
  readonly generation?: number;
  readonly tasks: readonly Task[];
}

const specOf = (generation: number) => ({
  ContainerSpec: { Secrets: [{ SecretID: `id-${generation}`, File: { Name: "DB_PASSWORD" } }] },
});

/**
 * A Swarm that shows one look after the other, and the last one for ever. An update of the service goes to the last one at once.
 *
 * @param forced counters of forced updates that it was asked for
 */
export function swarm({ name, rollout }: ServiceSpec, looks: readonly Look[], forced: number[] = []): Docker {
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
      Promise.resolve(
        look().tasks.map(({ id, state, generation = 2, error }, index) => ({
          ID: id,
          ServiceID: "s",
          Slot: 1,
          CreatedAt: new Date(index).toISOString(),
          Spec: specOf(generation),
          Status: {
            State: state,
            Timestamp: new Date(0).toISOString(),
            ...(error === undefined ? {} : { Err: error }),
          },
        })),
      ),
    listSecrets: () =>
      [1, 2].map((generation) => ({
        ID: `id-${generation}`,
        CreatedAt: new Date(0).toISOString(),
        Spec: { Labels: { "goimg.entry": "DB_PASSWORD", "goimg.generation": String(generation) } },
      })),
    getService: () => ({
      inspect: () => Promise.resolve({ Version: { Index: 7 }, Spec: { Name: name, TaskTemplate: specOf(2) } }),
      update: (given: { _query: { version: number }; _body: { TaskTemplate: { ForceUpdate: number } } }) => {
        if (given._query.version === 7) forced.push(given._body.TaskTemplate.ForceUpdate);
        asked = looks.length;
        return Promise.resolve();
      },
    }),
    getEvents: () => Promise.resolve(Object.assign(new EventEmitter(), { destroy: () => undefined })),
  } as unknown as Docker;
}

export const task = (id: string, state: string, generation?: number): Task =>
  generation === undefined ? { id, state } : { id, state, generation };
