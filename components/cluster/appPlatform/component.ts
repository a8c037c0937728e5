import type * as pulumi from "@pulumi/pulumi";
import type { EntryName } from "../../catalog/grants.ts";
import type { ServiceName } from "../../catalog/types.ts";
import type { Declared } from "../../secrets/declare.ts";
import { manifestFor } from "../../secrets/manifest.ts";
import { variablesFor } from "../../secrets/mounts.ts";
import { seconds } from "../../services/health.ts";
import type { Health, ImageName, ServiceSpec } from "../../services/service.ts";

/** What a component is made from, beside its service's description. */
export interface ComponentContext {
  readonly stack: string;
  readonly production: boolean;
  readonly declared: readonly Declared[];
  readonly image: (name: ImageName) => string;
  /** What a variable of the type SECRET is set to. */
  readonly valueFor: (place: VariablePlace) => pulumi.Output<string>;
}

/** A component's variable, and the generation that it holds. */
export interface VariablePlace {
  readonly component: ServiceName;
  readonly variable: string;
  readonly entry: EntryName;
  readonly generation: number;
}

/** A variable of a component, as the spec has it. Nothing is built here, so no build sees one. */
export interface Variable {
  readonly key: string;
  readonly value: pulumi.Input<string>;
  readonly type: "GENERAL" | "SECRET";
  readonly scope: "RUN_TIME";
}

/** The three kinds of components that run an image. */
export type ComponentKind = "services" | "workers" | "jobs";

/** A job runs before each deployment, what is reached from outside is a service, and the rest are workers. */
export function kindOf({ rollout, networks }: ServiceSpec): ComponentKind {
  if (rollout === "job") return "jobs";
  return networks.includes("edge") ? "services" : "workers";
}

/**
 * One component of the app: its image, its size, and only its own secrets.
 *
 * @throws Error for what App Platform has nothing for: volumes, files, services of which there must be one at a time
 */
export function componentOf(spec: ServiceSpec, context: ComponentContext): { readonly name: ServiceName } {
  if (spec.volumes.length > 0 || (spec.files ?? []).length > 0)
    throw new Error(`${spec.name} keeps files, and App Platform has no volumes: run it elsewhere`);
  if (spec.rollout === "exclusive")
    throw new Error(`${spec.name} runs once at a time, and App Platform starts the new one first: run it elsewhere`);
  const common = {
    name: spec.name,
    image: imageOf(context.image(spec.image)),
    runCommand: [entrypoint(spec), ...spec.args].join(" "),
    instanceCount: spec.replicas,
    instanceSizeSlug: instanceSize(spec),
    envs: variables(spec, context),
    termination: { gracePeriodSeconds: seconds(spec.stopGrace) },
  };
  const own: Readonly<Record<ComponentKind, object>> = {
    jobs: { kind: "PRE_DEPLOY" },
    workers: probe("livenessHealthCheck", spec.health),
    services: { httpPort: Number(spec.env["PORT"]), ...probe("healthCheck", spec.health) },
  };
  return { ...common, ...own[kindOf(spec)] };
}

function variables(spec: ServiceSpec, context: ComponentContext): readonly Variable[] {
  const { stack, production, declared, valueFor } = context;
  const settings = new Map([...Object.entries(spec.env), ["GOIMG_ENV", production ? "production" : "development"]]);
  if (spec.secrets.length > 0) {
    const manifest = manifestFor({ service: spec.name, stack, production, granted: spec.secrets, declared });
    settings
      .set("SECRET_PROVIDER", "digitalocean")
      .set("SECRETS_MANIFEST", JSON.stringify(manifest))
      // App Platform fills it in: the runtime's proof that it is there.
      .set("DIGITALOCEAN_APP_ID", "${APP_ID}");
  }
  const scope = "RUN_TIME";
  const plain = [...settings].map(([key, value]): Variable => ({ key, value, type: "GENERAL", scope }));
  const secret = variablesFor(spec.name, spec.secrets, declared).map((one): Variable => ({
    key: one.variable,
    value: valueFor({ ...one, component: spec.name }),
    type: "SECRET",
    scope,
  }));
  return [...plain, ...secret].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** A run command stands in for the image's own entrypoint, so it names the program. */
const entrypoints: Readonly<Partial<Record<ImageName, string>>> = { app: "/usr/local/bin/entrypoint.sh" };

function entrypoint({ name, image }: ServiceSpec): string {
  const found = entrypoints[image];
  if (found === undefined) throw new Error(`${name} runs the image ${image}, which App Platform has no command for`);
  return found;
}

/** Asks over HTTP where the service's own check does. */
function probe(property: "healthCheck" | "livenessHealthCheck", health: Health | undefined): object {
  const url = health?.command.find((word) => word.startsWith("http://"));
  if (health === undefined || url === undefined) return {};
  const { port, pathname } = new URL(url);
  return {
    [property]: {
      httpPath: pathname,
      port: Number(port),
      periodSeconds: Math.max(seconds(health.interval), 5),
      timeoutSeconds: seconds(health.timeout),
      failureThreshold: health.retries,
      initialDelaySeconds: 5,
    },
  };
}

/**
 * An image's reference as the spec has it, in DigitalOcean's own registry, Docker Hub or GitHub's.
 *
 * @throws Error for a reference without a tag or digest, or in another registry
 */
export function imageOf(reference: string): object {
  const [, host = "", owner = "", repository = "", tag, digest] =
    /^(?:([a-z0-9.-]+\.[a-z]+)\/)?([a-z0-9._-]+)\/([a-z0-9._/-]+?)(?::([\w.-]+)|@(sha256:[0-9a-f]{64}))$/.exec(
      reference,
    ) ?? [];
  const version = tag === undefined ? { digest } : { tag };
  if (repository !== "" && host === "registry.digitalocean.com")
    return { registryType: "DOCR", repository, ...version };
  if (repository !== "" && ["", "docker.io"].includes(host))
    return { registryType: "DOCKER_HUB", registry: owner, repository, ...version };
  if (repository !== "" && host === "ghcr.io") return { registryType: "GHCR", registry: owner, repository, ...version };
  throw new Error(
    `${reference} can't be run: name an image of registry.digitalocean.com, docker.io or ghcr.io with its tag or digest (images.app)`,
  );
}

/** The smallest size that scales to several instances and has the memory. */
export function instanceSize({ name, limits }: Pick<ServiceSpec, "name" | "limits">): string {
  const sizes = [
    ["apps-s-1vcpu-1gb", 1024],
    ["apps-s-1vcpu-2gb", 2048],
    ["apps-s-2vcpu-4gb", 4096],
  ] as const;
  const fitting = sizes.find(([, most]) => most >= limits.memoryMb);
  if (fitting === undefined) throw new Error(`${name} needs ${limits.memoryMb} MiB: at most 4096 are supported`);
  return fitting[0];
}
