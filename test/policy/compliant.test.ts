import { describe, expect, it } from "vitest";
import { rules } from "../../policies/rules.ts";
import { unknownValues } from "../../policies/model/properties.ts";
import type { Resource } from "../../policies/model/rule.ts";
import { violationsOf } from "./support/run.ts";
import { compliantStack } from "./support/stack.ts";

/** The stack as a first preview sees it: what is computed from another resource is not known. */
function previewed(resources: readonly Resource[]): readonly Resource[] {
  const [unknown] = unknownValues;
  return resources.map((resource) => ({
    ...resource,
    props: Object.fromEntries(
      Object.entries(resource.props).map(([key, value]) =>
        ["result", "privateKeyPem", "publicKeyPem", "id", "data"].includes(key) || resource.dependsOn.has(key)
          ? [key, unknown]
          : [key, value],
      ),
    ),
  }));
}

describe.each(rules().map((rule) => [rule.name, rule] as const))("%s", (_name, rule) => {
  it("accepts a compliant stack", () => {
    expect(violationsOf(rule, compliantStack())).toEqual([]);
  });

  it("accepts it in production", () => {
    expect(violationsOf(rule, compliantStack(), { stack: "prod", production: true })).toEqual([]);
  });

  it("accepts it while values are unknown", () => {
    expect(violationsOf(rule, previewed(compliantStack()))).toEqual([]);
  });

  it("accepts a stack of which nothing at all is known", () => {
    for (const unknown of unknownValues) {
      const resources = compliantStack().map((resource) => ({
        ...resource,
        props: Object.fromEntries(Object.keys(resource.props).map((key) => [key, unknown])),
      }));
      expect(violationsOf(rule, resources)).toEqual([]);
    }
  });
});
