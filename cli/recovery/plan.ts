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
  /** Removed from Docker without a note of it: dropped from the state, and made again if they are still declared. */
  readonly ghosts: readonly string[];
  /**
   * Changed halfway, or gone while something stands on them: read back from Docker, so that the next update sees what is
   * really there.
   */
  readonly stale: readonly string[];
  /** Operations that were under way; `doing` is pulumi's word: creating, updating, deleting … */
  readonly pending: readonly { readonly doing: string; readonly urn: string }[];
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

  const missing = resources.filter(
    ({ type, id }) => Object.values(typeOf).includes(type) && !existing.has(`${type} ${id ?? ""}`),
  );
  const gone = withoutDependents(missing, resources);
  const updating = operations.filter(({ type }) => type === "updating").map(({ resource }) => resource.urn);
  const stale = [...updating, ...missing.filter((one) => !gone.includes(one)).map(({ urn }) => urn)];
  return {
    orphans,
    ghosts: gone.map(({ urn }) => urn),
    stale: [...new Set(stale)].filter((urn) => resources.some((resource) => resource.urn === urn)),
    pending: operations.map(({ type, resource }) => ({ doing: type, urn: resource.urn })),
    state: operations.length + gone.length === 0 ? undefined : without(state, gone),
  };
}

/** Those that nothing else in the state stands on: dropping them leaves a state that is whole. */
function withoutDependents(missing: readonly Resource[], resources: readonly Resource[]): readonly Resource[] {
  const kept = missing.filter(
    (one) =>
      one.delete !== true &&
      resources.some((other) => !missing.includes(other) && (other.parent === one.urn || dependsOn(other, one))),
  );
  return kept.length === 0
    ? missing
    : withoutDependents(
        missing.filter((one) => !kept.includes(one)),
        resources,
      );
}

const dependsOn = ({ dependencies }: Resource, { urn }: Resource): boolean => dependencies?.includes(urn) === true;

function without(state: State, gone: readonly Resource[]): State {
  const resources = (state.deployment.resources ?? []).filter((one) => !gone.includes(one));
  return { ...state, deployment: { ...state.deployment, resources, pending_operations: [] } };
}
