import { findSecret } from "../../components/catalog/grants.ts";
import { at, isRecord, numberAt, textAt } from "../model/properties.ts";
import type { Resource } from "../model/rule.ts";
import { generators, stores } from "../values/holders.ts";

const numbered = /^(.+)-g(\d+)$/;

/** `DB_PASSWORD-g2` is generation 2 of `DB_PASSWORD`; a name without a number is generation 1. */
export function withoutGeneration(name: string): string {
  return numbered.exec(name)?.[1] ?? name;
}

/** One generation of one secret. */
export interface Generation {
  /** What rotates: the catalog's secret of that entry, or the name itself in other projects. */
  readonly secret: string;
  readonly number: number;
  /** The generator's, or where there is none, the store entry's. */
  readonly urn: string;
  /** URNs of all its resources. */
  readonly urns: readonly string[];
}

/** The generations among a stack's resources: what generates secrets, and what stores them. */
export function generationsIn(resources: readonly Resource[]): readonly Generation[] {
  const found = new Map<string, Generation>();
  const isSource = ({ type }: Resource) => generators.has(type);
  const isStored = ({ type }: Resource) => stores.has(type);
  for (const { name, urn } of [...resources.filter(isSource), ...resources.filter(isStored)]) {
    const [, entry = name, digits = "1"] = numbered.exec(name) ?? [];
    const secret = findSecret(entry) ?? entry;
    const key = `${secret}\0${digits}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { secret, number: Number(digits), urn, urns: [urn] });
    else found.set(key, { ...known, urns: [...known.urns, urn] });
  }
  return [...found.values()];
}

/** Generations that clients use, by secret, where the stack's outputs say so: `secrets: { NAME: { active: 2 } }`. */
export function activeGenerations(resources: readonly Resource[]): ReadonlyMap<string, number> {
  const stack = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
  const secrets = at(stack?.props, "secrets");
  if (!isRecord(secrets)) return new Map();
  return new Map(
    Object.keys(secrets).flatMap((name): [string, number][] => {
      const active = numberAt(secrets, name, "active");
      return active === undefined ? [] : [[name, active]];
    }),
  );
}

/** When each resource was created, by URN, from an exported state or a checkpoint. */
export function creationTimes(state: unknown): ReadonlyMap<string, Date> {
  return new Map(
    stateResources(state).flatMap((resource): [string, Date][] => {
      const created = Date.parse(textAt(resource, "created") ?? "");
      const urn = textAt(resource, "urn");
      return urn === undefined || Number.isNaN(created) ? [] : [[urn, new Date(created)]];
    }),
  );
}

/** The deployment in what `pulumi stack export` writes, or in a directory backend's checkpoint. */
export function deploymentOf(state: unknown): unknown {
  return at(state, "deployment") ?? at(state, "checkpoint", "latest");
}

/** The resources of a state, as it holds them. */
export function stateResources(state: unknown): readonly unknown[] {
  const resources = at(deploymentOf(state), "resources");
  return Array.isArray(resources) ? resources : [];
}
