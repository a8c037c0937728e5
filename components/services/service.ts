import type { Granted } from "../catalog/grants.ts";
import type { ServiceName } from "../catalog/types.ts";

/** Images of this project (`images/`); a stack's config may name others in their place. */
export type ImageName = "app" | "postgres" | "redis" | "s3" | "gateway" | "grafana";

/**
 * Networks of the stack. A service reaches only what shares one with it. `store` leads to a store that services log in to: the
 * deployer adds it where there is such a store.
 */
export type NetworkName = "ingress" | "edge" | "database" | "cache" | "storage" | "monitoring" | "dashboards" | "store";

/** Volumes of the stack, each on the node that its services are placed on. */
export type VolumeName = "database" | "database-socket" | "cache" | "storage" | "metrics";

/** A directory of a volume in the service's container. */
export interface VolumeMount {
  readonly volume: VolumeName;
  readonly path: string;
  readonly readOnly?: boolean;
}

/** A plain file in the service's container: settings, never a secret. `name` is the resource's. */
export interface PlainFile {
  readonly name: string;
  readonly path: string;
  readonly content: string;
}

/** A command that exits 0 when the service is well. Durations are Docker's: `"2s"`, `"500ms"`. */
export interface Health {
  readonly command: readonly string[];
  readonly interval: string;
  readonly timeout: string;
  readonly retries: number;
  /** How long failures don't count after a start. */
  readonly startPeriod: string;
}

/** What a service may use. */
export interface Limits {
  readonly cpus: number;
  readonly memoryMb: number;
}

/**
 * A service, said without a word about where it runs: the same description becomes a Swarm service, an ECS task
 * definition or an App Platform component.
 */
export interface ServiceSpec<S extends ServiceName = ServiceName> {
  readonly name: S;
  readonly image: ImageName;
  /** The user and group that the processes run as, and that owns the mounted secrets. Never 0. */
  readonly uid: number;
  /** Arguments to the image's entrypoint. */
  readonly args: readonly string[];
  /** Plain settings. A secret's value never goes here: the deployer adds `NAME_FILE` paths for the grants. */
  readonly env: Readonly<Record<string, string>>;
  /** Settings in the place of those of `env` while an emergency's generation of something it mounts is live. @default none */
  readonly urgentEnv?: Readonly<Record<string, string>>;
  /** The entries it mounts; only what the catalog grants it compiles. */
  readonly secrets: readonly Granted<S>[];
  readonly networks: readonly NetworkName[];
  readonly volumes: readonly VolumeMount[];
  readonly files?: readonly PlainFile[];
  readonly replicas: number;
  /** Left out for a job, which is well when it has ended with 0. */
  readonly health?: Health;
  readonly limits: Limits;
  /**
   * - `rolling`: a new task starts and is healthy before an old one stops.
   * - `exclusive`: the old task stops first, because two can't share its volume or port.
   * - `job`: runs once to its end for each change, and is tried again when it fails.
   */
  readonly rollout: "rolling" | "exclusive" | "job";
  /**
   * A program of others, which says nothing of the generations that it holds: what its task mounts counts once it is healthy.
   * @default false
   */
  readonly silent?: boolean;
  /** Ports in the container that the outside reaches, each with the port it is published on. */
  readonly publish?: readonly { readonly target: number; readonly published: number }[];
  /** Services that must be healthy, or done, before this one starts. */
  readonly after: readonly ServiceName[];
  /**
   * Time to finish what is in flight after SIGTERM. It is also how long the provider waits for the containers of a deleted
   * service to be gone before it calls the deletion failed: a busy machine needs more than 5 s for that, whatever the service.
   */
  readonly stopGrace: string;
}

/** Declares a service, so that the compiler checks its grants against its name. */
export function defineService<const S extends ServiceName>(spec: ServiceSpec<S>): ServiceSpec<S> {
  return spec;
}
