import * as z from "zod";

/** Kinds of objects that an interrupted update can leave behind in Docker, in the order that they may be removed. */
export const kinds = ["service", "secret", "config", "network", "volume"] as const;
export type Kind = (typeof kinds)[number];

/** Pulumi's types of these kinds. */
export const typeOf: Readonly<Record<Kind, string>> = {
  service: "docker:index/service:Service",
  secret: "docker:index/secret:Secret",
  config: "docker:index/serviceConfig:ServiceConfig",
  network: "docker:index/network:Network",
  volume: "docker:index/volume:Volume",
};

/** An object that exists in Docker. A volume's id is its name. */
export interface DockerObject {
  readonly kind: Kind;
  readonly id: string;
  readonly name: string;
}

const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  delete: z.boolean().optional(),
  parent: z.string().optional(),
  dependencies: z.array(z.string()).optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
});

/** The part of `pulumi stack export` that is read here; everything else passes through untouched. */
export const stateSchema = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(resourceSchema).optional(),
    pending_operations: z.array(z.looseObject({ resource: resourceSchema, type: z.string() })).optional(),
  }),
});

export type State = z.infer<typeof stateSchema>;
type Resource = z.infer<typeof resourceSchema>;

/** What it takes to bring the state and Docker together again after an update was cut off. */
export interface RecoveryPlan {
  /** Created in Docker, but the update died before it could write that down: removed, and made again by the update. */
  readonly orphans: readonly DockerObject[];
  /** Removed from Docker, but the update died before it could write that down: dropped from the state. */
  readonly ghosts: readonly string[];
  /** Changed halfway: read back from Docker, so that the next update sees what is really there. */
  readonly interrupted: readonly string[];
  /** Operations that were under way, in pulumi's words. */
  readonly pending: readonly string[];
  /** The state to put in place; undefined when nothing has to change in it. */
  readonly state: State | undefined;
}

/**
 * Compares the state with what is in Docker. The engine writes down every operation before it begins it, so an object
 * is an orphan only when such a note names it: nothing else that runs on the same Swarm is ever touched.
 *
 * A volume is never an orphan: creating one that exists answers the one that exists, with its data.
 */
export function planRecovery(state: State, objects: readonly DockerObject[]): RecoveryPlan {
  const resources = state.deployment.resources ?? [];
  const operations = state.deployment.pending_operations ?? [];
  const known = new Set(resources.map(({ type, id }) => `${type} ${id ?? ""}`));
  const existing = new Set(objects.map(({ kind, id }) => `${typeOf[kind]} ${id}`));

  const creating = operations.filter(({ type }) => type === "creating").map(({ resource }) => resource);
  const orphans = kinds
    .flatMap((kind) => objects.filter((object) => object.kind === kind && kind !== "volume"))
    .filter((object) => !known.has(`${typeOf[object.kind]} ${object.id}`))
    .filter(({ kind, name }) =>
      creating.some(({ type, inputs }) => type === typeOf[kind] && inputs?.["name"] === name),
    );

  const deleting = operations.filter(({ type }) => type === "deleting").map(({ resource }) => resource);
  const gone = resources.filter(
    (resource) =>
      deleting.some(({ urn, id }) => urn === resource.urn && id === resource.id) &&
      isDockers(resource) &&
      !existing.has(`${resource.type} ${resource.id ?? ""}`) &&
      !isNeeded(resource, resources),
  );

  const updating = operations.filter(({ type }) => type === "updating").map(({ resource }) => resource.urn);
  return {
    orphans,
    ghosts: gone.map(({ urn }) => urn),
    interrupted: [...new Set(updating)].filter((urn) => resources.some((resource) => resource.urn === urn)),
    pending: operations.map(({ type, resource }) => `${type} ${resource.urn.split("::").slice(2).join(" ")}`),
    state: operations.length === 0 ? undefined : without(state, gone),
  };
}

function isDockers({ type }: Resource): boolean {
  return Object.values(typeOf).includes(type);
}

/** What was being deleted, something in the state may still refer to: then a refresh has to sort it out. */
function isNeeded({ urn, delete: replaced }: Resource, resources: readonly Resource[]): boolean {
  if (replaced === true) return false;
  return resources.some(({ parent, dependencies }) => parent === urn || dependencies?.includes(urn) === true);
}

function without(state: State, gone: readonly Resource[]): State {
  const resources = (state.deployment.resources ?? []).filter((one) => !gone.includes(one));
  return { ...state, deployment: { ...state.deployment, resources, pending_operations: [] } };
}
