import { detect, type Finding } from "./detect/index.ts";
import type { Resource, Rule, Violation } from "./model/rule.ts";
import { entriesOf, type Entry } from "./surface/entries.ts";
import { withoutReferences } from "./surface/references.ts";
import { withoutHeld } from "./values/holders.ts";

/**
 * Refuses plaintext credentials wherever a container's environment can be written: variables, arguments, commands,
 * labels, health checks, configs' content, task definitions, user data; and in any property of a type that it does
 * not know.
 *
 * Rule: a value that is a secret is in a store, and the service gets its file's path or its reference.
 * Why: environments show in `docker inspect`, process lists, crash reports and the state.
 */
export const noPlaintextEnv: Rule = {
  name: "no-plaintext-env",
  description: "A service gets secrets from its store, never in plaintext.",
  level: "mandatory",
  settings: {},
  resource: plaintextIn,
};

function plaintextIn(resource: Resource): readonly Violation[] {
  const found = new Map<string, Violation>();
  for (const entry of entriesOf(withoutReferences(resource.type, withoutHeld(resource.type, resource.props)))) {
    if (found.has(entry.path)) continue;
    const finding = cached(entry);
    if (finding !== undefined) found.set(entry.path, violation(resource, entry.path, finding));
  }
  return [...found.values()];
}

function violation({ urn }: Resource, path: string, { rule, message }: Finding): Violation {
  return {
    rule,
    message: `${path} holds a plaintext secret: ${message}; put it into the store and give the service its file's path`,
    urn,
  };
}

/** Services of one stack repeat most of their settings. */
const cache = new Map<string, Finding | null>();
const cacheSize = 20_000;

function cached({ name, value }: Entry): Finding | undefined {
  const key = `${name}\0${value}`;
  const known = cache.get(key);
  if (known !== undefined) return known ?? undefined;
  const finding = detect(name, value);
  if (cache.size >= cacheSize) cache.clear();
  cache.set(key, finding ?? null);
  return finding;
}
