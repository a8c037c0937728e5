import type { Context, Resource, Rule, Violation } from "../../../policies/model/rule.ts";

/** A day on which nothing in the fixtures is old. */
export const today = new Date("2026-11-25T12:00:00Z");

export function contextFor(given: Partial<Context> = {}): Context {
  return {
    settings: {},
    now: today,
    project: "shop",
    stack: "dev",
    production: false,
    env: {},
    state: () => ({}),
    ...given,
  };
}

/** Both phases, as the engine runs them: each resource's inputs, then the stack. */
export function violationsOf(
  rule: Rule,
  resources: readonly Resource[],
  given: Partial<Context> = {},
): readonly Violation[] {
  const context = contextFor(given);
  return [
    ...resources.flatMap((resource) => rule.resource?.(resource, context) ?? []),
    ...(rule.stack?.(resources, context) ?? []),
  ];
}

/** What was broken, and where: `file-mode at api`. */
export function summary(violations: readonly Violation[]): readonly string[] {
  const names = violations.map(({ rule, urn }) => `${rule} at ${urn.slice(urn.lastIndexOf("::") + 2)}`);
  return [...new Set(names)].sort();
}
