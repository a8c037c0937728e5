import { describe, expect, it } from "vitest";
import { safeRollout } from "../../policies/safe-rollout.ts";
import { summary, violationsOf } from "./support/run.ts";
import type { Resource } from "../../policies/model/rule.ts";
import { compliantStack, resource, withChange } from "./support/stack.ts";

const broken = (name: string, path: readonly (string | number)[], value: unknown) =>
  summary(violationsOf(safeRollout, withChange(compliantStack(), name, path, value)));

describe("safe-rollout", () => {
  it("refuses a service whose update does not wait", () => {
    expect(broken("api", ["convergeConfig"], undefined)).toEqual(["converge at api"]);
    expect(broken("db-migrate", ["convergeConfig"], undefined)).toEqual(["converge at db-migrate"]);
    expect(broken("api", ["convergeConfig"], [])).toEqual(["converge at api"]);
  });

  it("lets a gate wait in the provider's place, and one that is known to wait", () => {
    const stack = withChange(compliantStack(), "api", ["convergeConfig"], undefined);
    const api = stack.filter(({ name }) => name === "api");
    const behind = (type: string, after: readonly Resource[], settings = {}) =>
      summary(violationsOf(safeRollout, [...stack, resource(type, "gate", {}, { after })], { settings }));
    expect(behind("goimg:cluster:Gate", api)).toEqual([]);
    expect(behind("goimg:cluster:Gate", [])).toEqual(["converge at api"]);
    expect(behind("shop:index:Gate", api)).toEqual(["converge at api"]);
    expect(behind("shop:index:Gate", api, { gates: ["shop:index:Gate"] })).toEqual([]);
  });

  it.each([["pause"], ["continue"], [undefined]])("refuses %s on failure", (action) => {
    expect(broken("api", ["updateConfig", "failureAction"], action)).toEqual(["rollback at api"]);
    expect(broken("postgres", ["updateConfig", "failureAction"], action)).toEqual(["rollback at postgres"]);
  });

  it.each([["stop-first"], [undefined]])("refuses the order %s where two tasks can run", (order) => {
    expect(broken("api", ["updateConfig", "order"], order)).toEqual(["start-first at api"]);
  });

  it("refuses stop-first once neither a port nor a volume needs it", () => {
    expect(broken("postgres", ["taskSpec", "containerSpec", "mounts"], [])).toEqual(["start-first at postgres"]);
    expect(broken("gateway", ["endpointSpec", "ports", 0, "publishMode"], "ingress")).toEqual([
      "start-first at gateway",
    ]);
  });

  it("refuses stop-first of two replicas, which share their volume anyway", () => {
    expect(broken("postgres", ["mode", "replicated", "replicas"], 2)).toEqual(["start-first at postgres"]);
  });

  it("refuses no update settings at all", () => {
    expect(broken("api", ["updateConfig"], undefined)).toEqual(["rollback at api", "start-first at api"]);
  });

  it("lets a service without a health check be: there is nothing to wait for", () => {
    const healthless = withChange(compliantStack(), "api", ["taskSpec", "containerSpec", "healthcheck"], undefined);
    expect(summary(violationsOf(safeRollout, withChange(healthless, "api", ["updateConfig"], undefined)))).toEqual([]);
  });

  it("refuses one replica behind the gateway, and not beside it", () => {
    expect(broken("api", ["mode", "replicated", "replicas"], 1)).toEqual(["replicas at api"]);
    expect(broken("api", ["mode"], undefined)).toEqual(["replicas at api"]);
    expect(broken("api", ["mode"], { global: true })).toEqual([]);
    expect(broken("gateway", ["endpointSpec", "ports"], [])).toEqual(["start-first at gateway"]);
  });

  it("refuses deleteBeforeReplace of what a service refers to", () => {
    const first = (name: string) =>
      compliantStack().map((resource) =>
        resource.name === name ? { ...resource, deleteBeforeReplace: true } : resource,
      );
    expect(summary(violationsOf(safeRollout, first("JWT_PUBLIC_KEY-g1")))).toEqual([
      "delete-first at JWT_PUBLIC_KEY-g1",
    ]);
    expect(summary(violationsOf(safeRollout, first("edge")))).toEqual(["delete-first at edge"]);
    expect(summary(violationsOf(safeRollout, first("JWT_KEY-g1")))).toEqual([]);
  });

  it("refuses a secret's own name, which makes a replacement delete it first", () => {
    const named = (name: string) => broken("JWT_PUBLIC_KEY-g1", ["name"], name);
    expect(named("JWT_PUBLIC_KEY")).toEqual(["delete-first at JWT_PUBLIC_KEY-g1"]);
    expect(named("JWT_PUBLIC_KEY-g1-mine")).toEqual(["delete-first at JWT_PUBLIC_KEY-g1"]);
    expect(named("JWT_PUBLIC_KEY-g1-7f00d1e")).toEqual([]);
  });
});
