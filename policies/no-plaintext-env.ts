import { detectTree } from "./detect/index.ts";
import { withoutKeys } from "./model/paths.ts";
import type { Resource, Rule, Violation } from "./model/rule.ts";
import { readable } from "./surface/readable.ts";
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

function plaintextIn({ type, name, props, urn }: Resource): readonly Violation[] {
  const found = new Map<string, Violation>();
  const looked = withoutReferences({ type, name, props: withoutHeld(type, props) });
  for (const { path: full, finding } of detectTree(readable(looked))) {
    const path = withoutKeys(full);
    const message = `${path} holds a plaintext secret (${finding.message}): put it into the store and give the service its file's path`;
    found.set(path, { rule: finding.rule, message, urn });
  }
  return [...found.values()];
}
