import type Docker from "dockerode";
import type { SecretName } from "../../catalog/grants.ts";
import { findSecret } from "../../catalog/grants.ts";
import type { Held } from "../../rotation/facts.ts";
import { readsIn, type Read } from "./reads.ts";

/** One generation of one entry, in Swarm or in another store. */
export interface ObservedSecret {
  readonly id: string;
  readonly entry: string;
  readonly generation: number;
  readonly createdAt: Date;
}

/** What a spec mounts, or reads from a store by itself, by secret. */
export type HeldBySecret = ReadonlyMap<SecretName, Held>;

/** Label of a service whose tasks do their work and end. */
export const jobLabel = "goimg.job";

/** Label of a service whose program says nothing of what it holds. */
export const silentLabel = "goimg.silent";

/** One task that runs, or is about to; of a job, the last one, ended or not. */
export interface ObservedTask {
  readonly id: string;
  readonly slot: number;
  readonly node: string;
  readonly container: string | undefined;
  readonly state: string;
  /** It runs and is healthy; or, for a job's, it has ended with 0. */
  readonly ready: boolean;
  readonly since: Date;
  readonly held: HeldBySecret;
  /** It never says what it holds: it is not of this project. */
  readonly silent: boolean;
}

/** One service of the stack. */
export interface ObservedService {
  readonly id: string;
  /** Its name in the catalog, e.g. `api`. */
  readonly name: string;
  readonly replicas: number;
  readonly update: "settled" | "updating" | "rollingBack" | "paused";
  /** When the last update was begun that was rolled back, if it was: each update has another moment. */
  readonly rolledBack: string | undefined;
  readonly spec: HeldBySecret;
  /** Where an update under way would roll back to. */
  readonly previous: HeldBySecret | undefined;
  readonly tasks: readonly ObservedTask[];
  /** Tasks of a job that have failed, as far back as Swarm remembers. */
  readonly failed: readonly string[];
}

/** Everything of one stack on one Swarm. Holds names, numbers and times. */
export interface Observed {
  readonly secrets: readonly ObservedSecret[];
  readonly services: readonly ObservedService[];
}

/**
 * Asks Swarm what runs of a stack: three calls, side by side, and one for the jobs, whose tasks are history once they are done.
 *
 * @throws what the Docker API throws, when there is no engine or it is not a manager.
 */
export async function observeSwarm(docker: Docker, stack: string): Promise<Observed> {
  const label = { label: [`goimg.stack=${stack}`] };
  const [services, tasks, secrets] = await Promise.all([
    docker.listServices({ filters: label }) as unknown as Promise<readonly ApiService[]>,
    docker.listTasks({ filters: { "desired-state": ["running"] } }) as unknown as Promise<readonly ApiTask[]>,
    docker.listSecrets({ filters: label }) as unknown as Promise<readonly ApiSecret[]>,
  ]);
  const all = secrets.map(({ ID, CreatedAt, Spec }): ObservedSecret => ({
    id: ID,
    entry: Spec.Labels?.["goimg.entry"] ?? "",
    generation: Number(Spec.Labels?.["goimg.generation"] ?? 0),
    createdAt: new Date(CreatedAt),
  }));
  // What a service logs in with is no generation of an entry.
  const known = all.filter(({ entry }) => entry !== "");
  const byId = new Map(known.map((secret) => [secret.id, secret]));
  const jobs = services.filter(isJob).map(({ ID }) => ID);
  const jobTasks = jobs.length === 0 ? [] : await docker.listTasks({ filters: { service: jobs } });
  const history = jobTasks as unknown as readonly ApiTask[];
  const current = [...tasks.filter(({ ServiceID }) => !jobs.includes(ServiceID)), ...lastOfEach(history)];
  return {
    secrets: known,
    services: services.map((service) => ({
      ...observedService(service, current, byId),
      failed: history
        .filter(({ ServiceID }) => ServiceID === service.ID)
        .filter(hasFailed)
        .map(({ ID }) => ID),
    })),
  };
}

const hasFailed = ({ Status }: ApiTask): boolean => Status.State === "failed" || Status.State === "rejected";

const isJob = ({ Spec }: ApiService): boolean => Spec.Labels?.[jobLabel] !== undefined;

/** The youngest task of each slot of each service. */
function lastOfEach(tasks: readonly ApiTask[]): readonly ApiTask[] {
  const last = new Map<string, ApiTask>();
  for (const task of tasks) {
    const slot = `${task.ServiceID} ${task.Slot ?? 0}`;
    const other = last.get(slot);
    if (other === undefined || Date.parse(other.CreatedAt) < Date.parse(task.CreatedAt)) last.set(slot, task);
  }
  return [...last.values()];
}

interface ApiSpec {
  readonly ContainerSpec: {
    readonly Env?: readonly string[];
    readonly Secrets?: readonly { readonly SecretID: string; readonly File?: { readonly Name: string } }[];
  };
}
interface ApiService {
  readonly ID: string;
  readonly Spec: {
    readonly Name: string;
    readonly Labels?: Readonly<Record<string, string>>;
    readonly Mode?: { readonly Replicated?: { readonly Replicas?: number } };
    readonly TaskTemplate: ApiSpec;
  };
  readonly PreviousSpec?: { readonly TaskTemplate: ApiSpec };
  readonly UpdateStatus?: { readonly State?: string; readonly StartedAt?: string };
}
interface ApiTask {
  readonly ID: string;
  readonly ServiceID: string;
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly CreatedAt: string;
  readonly Spec: ApiSpec;
  readonly Status: {
    readonly State: string;
    readonly Timestamp: string;
    readonly ContainerStatus?: { readonly ContainerID?: string };
  };
}
interface ApiSecret {
  readonly ID: string;
  readonly CreatedAt: string;
  readonly Spec: { readonly Labels?: Readonly<Record<string, string>> };
}

type ById = ReadonlyMap<string, ObservedSecret>;

function observedService(service: ApiService, tasks: readonly ApiTask[], byId: ById): Omit<ObservedService, "failed"> {
  const { ID, Spec, PreviousSpec, UpdateStatus } = service;
  return {
    id: ID,
    name: Spec.Labels?.["goimg.service"] ?? Spec.Name,
    replicas: Spec.Mode?.Replicated?.Replicas ?? 1,
    update: updateState(UpdateStatus?.State),
    rolledBack: UpdateStatus?.State === "rollback_completed" ? (UpdateStatus.StartedAt ?? "") : undefined,
    spec: heldIn(Spec.TaskTemplate, byId),
    previous: PreviousSpec === undefined ? undefined : heldIn(PreviousSpec.TaskTemplate, byId),
    tasks: tasks
      .filter(({ ServiceID }) => ServiceID === ID)
      .map((task) => ({
        id: task.ID,
        slot: task.Slot ?? 0,
        node: task.NodeID ?? "",
        container: task.Status.ContainerStatus?.ContainerID,
        state: task.Status.State,
        ready: task.Status.State === (isJob(service) ? "complete" : "running"),
        since: new Date(task.Status.Timestamp),
        held: heldIn(task.Spec, byId),
        silent: Spec.Labels?.[silentLabel] !== undefined,
      })),
  };
}

/** Swarm's update states ("UpdateStatus" of the Docker API), as the rotation sees them. */
function updateState(state: string | undefined): ObservedService["update"] {
  switch (state) {
    case "updating":
      return "updating";
    case "rollback_started":
      return "rollingBack";
    case "paused":
    case "rollback_paused":
      return "paused";
    default:
      return "settled";
  }
}

function heldIn({ ContainerSpec }: ApiSpec, byId: ById): HeldBySecret {
  const mounted = (ContainerSpec.Secrets ?? []).flatMap(({ SecretID, File }) => {
    const secret = byId.get(SecretID);
    return secret === undefined ? [] : [{ ...secret, active: File?.Name === secret.entry }];
  });
  return heldOf([...mounted, ...readsIn(ContainerSpec.Env ?? [])]);
}

/** Generations of entries, together by secret; what is not in the catalog is left out. */
export function heldOf(reads: readonly Read[]): HeldBySecret {
  const held = new Map<SecretName, { live: Set<number>; active: number }>();
  for (const { entry, generation, active } of reads) {
    const name = findSecret(entry);
    if (name === undefined) continue;
    const found = held.get(name) ?? { live: new Set<number>(), active: 0 };
    found.live.add(generation);
    if (active) found.active = generation;
    held.set(name, found);
  }
  return new Map(
    [...held].map(([name, { live, active }]) => [name, { live: [...live].sort((a, b) => a - b), active }]),
  );
}
