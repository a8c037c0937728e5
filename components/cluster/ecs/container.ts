import type { Declared } from "../../secrets/declare.ts";
import { manifestFor } from "../../secrets/manifest.ts";
import { variablesFor } from "../../secrets/mounts.ts";
import { seconds } from "../../services/health.ts";
import type { Health, ImageName, ServiceSpec } from "../../services/service.ts";
import type { StoredEntry } from "../../stores/store.ts";
import type { TaskUnit } from "./units.ts";

/** What a container is made from, beside its service's description. */
export interface EcsContainerContext {
  readonly stack: string;
  readonly region: string;
  readonly production: boolean;
  readonly declared: readonly Declared[];
  readonly image: (name: ImageName) => string;
  /** Name of the task's log group. */
  readonly logs: string;
  /** Domain of the services' names. */
  readonly domain: string;
  /** Names of all services of the stack. */
  readonly services: readonly string[];
  /** What the store calls each generation: `valueFrom` of {@link reference}. */
  readonly valueFrom: ReadonlyMap<string, string>;
}

/** A generation's name in {@link EcsContainerContext.valueFrom}. */
export const reference = ({ entry, generation }: Pick<StoredEntry, "entry" | "generation">): string =>
  `${entry}.${generation}`;

/** The generations that a service reads, as the settings in which ECS hands them over (`runtime/ecs.ts`). */
export function secretsOf(
  spec: ServiceSpec,
  declared: readonly Declared[],
): readonly { readonly variable: string; readonly reference: string }[] {
  return variablesFor(spec.name, spec.secrets, declared).map(({ variable, ...place }) => ({
    variable,
    reference: reference(place),
  }));
}

/**
 * One container definition, as ECS' API takes it: its own user, a read-only root, no capability, and only its own secrets, each by the
 * exact version, so that another generation is another task definition.
 */
export function containerDefinition(spec: ServiceSpec, unit: TaskUnit, context: EcsContainerContext): object {
  const isOwner = spec.name === unit.name;
  const secrets = secretsOf(spec, context.declared).map(({ variable, reference: name }) => {
    const valueFrom = context.valueFrom.get(name);
    if (valueFrom === undefined) throw new Error(`generation ${name} was not put into the store`);
    return { name: variable, valueFrom };
  });
  return {
    name: spec.name,
    image: context.image(spec.image),
    essential: isOwner,
    memory: spec.limits.memoryMb,
    command: [...spec.args],
    user: `${spec.uid}:${spec.uid}`,
    readonlyRootFilesystem: true,
    linuxParameters: { initProcessEnabled: true, capabilities: { drop: ["ALL"] } },
    environment: environment(spec, context),
    secrets,
    mountPoints: [
      { sourceVolume: "tmp", containerPath: "/tmp" },
      ...spec.volumes.map(({ volume, path, readOnly = false }) => ({
        sourceVolume: volume,
        containerPath: path,
        readOnly,
      })),
    ],
    ...(spec.health === undefined ? {} : { healthCheck: healthCheck(spec.health) }),
    ...(isOwner
      ? {}
      : {
          dependsOn: startsAfter(spec, unit),
          restartPolicy: { enabled: true, ignoredExitCodes: spec.rollout === "job" ? [0] : [] },
        }),
    stopTimeout: Math.min(seconds(spec.stopGrace), 120),
    logConfiguration: {
      logDriver: "awslogs",
      options: { "awslogs-group": context.logs, "awslogs-region": context.region, "awslogs-stream-prefix": spec.name },
    },
  };
}

function environment(spec: ServiceSpec, context: EcsContainerContext): readonly { name: string; value: string }[] {
  const { stack, production, declared } = context;
  const plain = Object.entries(spec.env).map(([name, value]) => [name, qualified(value, context)] as const);
  const settings = new Map<string, string>([...plain, ["GOIMG_ENV", production ? "production" : "development"]]);
  if (spec.secrets.length > 0) {
    const manifest = manifestFor({ service: spec.name, stack, production, granted: spec.secrets, declared });
    settings.set("SECRET_PROVIDER", "awsSecretsManager").set("SECRETS_MANIFEST", JSON.stringify(manifest));
  }
  return [...settings].map(([name, value]) => ({ name, value })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The name of a service, alone or as a URL's host, with the domain of the stack: ECS searches none. */
export function qualified(
  value: string,
  { services, domain }: Pick<EcsContainerContext, "services" | "domain">,
): string {
  if (services.includes(value)) return `${value}.${domain}`;
  const [, scheme, host, rest] = /^(https?:\/\/)([a-z0-9-]+)((?::\d+)?(?:\/.*)?)$/.exec(value) ?? [];
  return host !== undefined && services.includes(host) ? `${scheme ?? ""}${host}.${domain}${rest ?? ""}` : value;
}

/** Containers of the same task that have to be up, or done, first. What runs elsewhere, a container tries again until it is there. */
function startsAfter(spec: ServiceSpec, { name: owner, services }: TaskUnit): readonly object[] {
  const earlier = new Set([owner, ...spec.after]);
  return services
    .filter(({ name }) => name !== spec.name && earlier.has(name))
    .map(({ name, rollout, health }) => ({
      containerName: name,
      condition: rollout === "job" ? "SUCCESS" : health === undefined ? "START" : "HEALTHY",
    }));
}

/** ECS asks at most every 5 seconds, waits 2 at least, and forgives for 300 at most. */
function healthCheck({ command, interval, timeout, retries, startPeriod }: Health): object {
  const within = (value: number, least: number, most: number): number => Math.max(least, Math.min(value, most));
  return {
    command: ["CMD", ...command],
    interval: within(seconds(interval), 5, 300),
    timeout: within(seconds(timeout), 2, 60),
    retries: within(retries, 1, 10),
    startPeriod: within(seconds(startPeriod), 0, 300),
  };
}

/** The smallest size of Fargate with the memory that the containers may use together: CPU units, and MiB. */
export function taskSize(services: readonly ServiceSpec[]): { readonly cpu: string; readonly memory: string } {
  const memory = services.reduce((sum, { limits }) => sum + limits.memoryMb, 0);
  const sizes = [
    [256, 512],
    [256, 1024],
    [256, 2048],
    [512, 4096],
    [1024, 8192],
    [2048, 16_384],
  ] as const;
  const fitting = sizes.find(([, most]) => most >= memory);
  if (fitting === undefined)
    throw new Error(`${services[0]?.name ?? "a task"} needs ${memory} MiB: at most 16384 are supported`);
  return { cpu: String(fitting[0]), memory: String(fitting[1]) };
}
