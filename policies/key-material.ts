import { findSecret } from "../components/catalog/grants.ts";
import { isName } from "./model/paths.ts";
import type { Context, Resource, Rule, Settings, Violation } from "./model/rule.ts";
import { listSetting } from "./model/settings.ts";
import { withoutGeneration } from "./state/generations.ts";
import { fingerprint } from "./values/fingerprint.ts";
import { generators, stores, weakGenerators } from "./values/holders.ts";
import { valuesOf, type KnownValue } from "./values/known.ts";

const settings: Settings = {
  otherStacks: {
    type: "array",
    default: [],
    items: { type: "string", pattern: "^[0-9a-f]{64}$" },
    description: "fingerprints of other stacks' values, as policies/fingerprint.ts prints them",
  },
};

/**
 * Refuses secrets made from what is no secret (`RandomId`, `RandomString` and the like are kept in the clear in the
 * state), and one value used twice: by two secrets, two generations or two stacks.
 */
export const keyMaterial: Rule = {
  name: "key-material",
  description: "Each secret has a value of its own, from a generator that keeps it secret.",
  level: "mandatory",
  settings,
  stack: (resources, context) => [...weak(resources), ...shared(resources), ...elsewhere(resources, context)],
};

function weak(resources: readonly Resource[]): readonly Violation[] {
  const types = new Map(resources.map(({ urn, type }) => [urn, type]));
  return resources.flatMap(({ type, urn, dependsOn }): Violation[] => {
    const property = stores.get(type);
    if (property === undefined) return [];
    const sources = (dependsOn.get(property) ?? []).map((source) => types.get(source) ?? "");
    const source = sources.find((candidate) => weakGenerators.has(candidate));
    // Text beside a real password, such as a generated user name, does not weaken it.
    if (source === undefined || sources.some((candidate) => generators.has(candidate))) return [];
    return [
      {
        rule: "weak-generator",
        message: `${property} comes from ${source}, whose output the state keeps in the clear: use random.RandomPassword or random.RandomBytes`,
        urn,
      },
    ];
  });
}

function shared(resources: readonly Resource[]): readonly Violation[] {
  const holders = new Map<string, KnownValue[]>();
  return resources.flatMap((resource) =>
    valuesOf(resource).flatMap((known): Violation[] => {
      if (!isSecretValue(known)) return [];
      const others = holders.get(known.value) ?? [];
      holders.set(known.value, [...others, known]);
      const other = others.find((candidate) => !isSameSecret(candidate, known));
      if (other === undefined) return [];
      return [
        {
          rule: "shared-value",
          message: `it has the value of ${isName(other.name) ? other.name : "another secret"}: each secret and each generation needs a value of its own`,
          urn: resource.urn,
        },
      ];
    }),
  );
}

/**
 * A generation's generator and its store entry hold one value. They have one name, or one is the secret and the other
 * its entry (`JWT_KEY-g1`, `JWT_PRIVATE_KEY-g1`); in other projects their names may differ.
 */
function isSameSecret(one: KnownValue, other: KnownValue): boolean {
  if (one.name === other.name || one.urn === other.urn) return true;
  if (one.generated === other.generated || generationOf(one) !== generationOf(other)) return false;
  const [first, second] = [one, other].map(({ name }) => findSecret(withoutGeneration(name)));
  return first === second || first === undefined || second === undefined;
}

function elsewhere(resources: readonly Resource[], context: Context): readonly Violation[] {
  const others = new Set(listSetting(context.settings, settings, "otherStacks"));
  if (others.size === 0) return [];
  return resources.flatMap((resource): Violation[] => {
    const isShared = valuesOf(resource).some((known) => isSecretValue(known) && others.has(fingerprint(known.value)));
    if (!isShared) return [];
    return [{ rule: "shared-value", message: "another stack has its value: issue one of its own", urn: resource.urn }];
  });
}

function isSecretValue({ value }: KnownValue): boolean {
  return value.length >= 8 && !value.includes("PUBLIC KEY-----") && !value.includes("BEGIN CERTIFICATE");
}

function generationOf({ name }: KnownValue): string {
  return name.slice(withoutGeneration(name).length);
}
