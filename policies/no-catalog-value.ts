import { isName } from "./model/paths.ts";
import type { Resource, Rule, Violation } from "./model/rule.ts";
import { withoutHeld } from "./values/holders.ts";
import { ValueIndex } from "./values/search.ts";
import { valuesOf } from "./values/known.ts";
import { readings, type Reading } from "./values/variants.ts";

/**
 * Refuses any value that the stack really has, wherever it turns up outside of its generator and its store: raw,
 * encoded, split or inside other text, in any property, output, tag, label or name of any other resource.
 *
 * At the end of a preview or an update it looks at all outputs. Before that, on each resource's inputs, it already
 * knows what went into stores: an update stops before the resource with the value exists.
 */
export function noCatalogValue(): Rule {
  const stored = new ValueIndex();
  return {
    name: "no-catalog-value",
    description: "No value of a secret is anywhere but in its store.",
    level: "mandatory",
    settings: {},
    resource: (resource) => {
      for (const known of valuesOf(resource)) stored.add(known);
      return leaksIn(resource, stored);
    },
    stack: (resources) => {
      const index = new ValueIndex();
      // Generators first: a violation names the secret by its generator.
      for (const known of resources.flatMap(valuesOf).sort((a, b) => Number(b.generated) - Number(a.generated))) {
        index.add(known);
      }
      return resources.flatMap((resource) => leaksIn(resource, index));
    },
  };
}

function leaksIn(resource: Resource, index: ValueIndex): readonly Violation[] {
  if (index.empty) return [];
  const found: { readonly path: string; readonly secret: string }[] = [];
  for (const { path, text } of allReadings(resource)) {
    for (const { name } of index.find(text)) {
      const secret = index.find(name).length === 0 && isName(name) ? name : "a generated secret";
      // What one property holds is found again where its neighbours are read as one with it.
      if (!found.some((other) => other.secret === secret && other.path.startsWith(path))) found.push({ path, secret });
    }
  }
  return found.map(({ path, secret }) => ({
    rule: "catalog-value",
    message: `${placeOf(path, index)} holds the value of ${secret}: refer to the store's entry instead, and rotate the secret`,
    urn: resource.urn,
  }));
}

function placeOf(path: string, index: ValueIndex): string {
  if (path === "") return "the text of its properties, read as one,";
  return index.find(path).length === 0 ? path : "a property whose name holds it";
}

function* allReadings({ type, name, props }: Resource): Generator<Reading> {
  yield* readings(name, "its name");
  yield* readings(withoutHeld(type, props));
}
