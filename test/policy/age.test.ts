import { describe, expect, it } from "vitest";
import { addMonths, age } from "../../policies/age.ts";
import type { Context, Resource } from "../../policies/model/rule.ts";
import { violationsOf } from "./support/run.ts";
import { otherPassword, password, resource } from "./support/stack.ts";

const generator = (name: string, value = password) =>
  resource("random:index:RandomPassword", name, { length: 43, result: value });
const one = [generator("DB_PASSWORD-g1")];
const two = [...one, generator("DB_PASSWORD-g2", otherPassword)];
const outputs = (active: number) =>
  resource("pulumi:pulumi:Stack", "shop-dev", { secrets: { DB_PASSWORD: { live: [1, 2], active } } });

/** A state in which each resource was created on that day. */
function created(resources: readonly Resource[], days: readonly string[], at: "export" | "checkpoint" = "export") {
  const list = resources.map(({ urn, type }, index) => ({ urn, type, created: `${days[index] ?? ""}T08:00:00Z` }));
  const state = at === "export" ? { deployment: { resources: list } } : { checkpoint: { latest: { resources: list } } };
  return () => state;
}

const levels = (resources: readonly Resource[], given: Partial<Context>) =>
  violationsOf(age, resources, given).map(({ rule, advisory }) => (advisory === true ? `${rule}, warning` : rule));

const prod = { production: true, stack: "prod" };

describe("age", () => {
  // DB_PASSWORD: every 3 months, 14 days of grace; today is 2026-11-25.
  it.each([
    ["2026-08-26", []],
    ["2026-08-25", ["overdue, warning"]],
    ["2026-08-12", ["overdue, warning"]],
    ["2026-08-11", ["expired"]],
    ["2020-01-01", ["expired"]],
  ])("in production, of a generation created on %s: %j", (date, expected) => {
    expect(levels(one, { ...prod, state: created(one, [date]) })).toEqual(expected);
  });

  it("only warns in other stacks", () => {
    expect(levels(one, { state: created(one, ["2020-01-01"]) })).toEqual(["overdue, warning"]);
  });

  it("reads a directory backend's checkpoint too", () => {
    expect(levels(one, { ...prod, state: created(one, ["2020-01-01"], "checkpoint") })).toEqual(["expired"]);
  });

  it("takes periods and grace from its settings", () => {
    const state = created(one, ["2026-08-01"]);
    expect(levels(one, { ...prod, state, settings: { graceDays: 90 } })).toEqual(["overdue, warning"]);
    expect(levels(one, { ...prod, state, settings: { months: { DB_PASSWORD: 6 } } })).toEqual([]);
    const other = [generator("shop-token")];
    expect(levels(other, { ...prod, state: created(other, ["2025-12-01"]) })).toEqual([]);
    expect(levels(other, { ...prod, state: created(other, ["2025-11-01"]) })).toEqual(["expired"]);
    expect(levels(other, { state: created(other, ["2026-11-01"]), settings: { defaultMonths: 1 } })).toEqual([]);
    expect(levels(other, { state: created(other, ["2026-10-01"]), settings: { defaultMonths: 1 } })).toHaveLength(1);
  });

  it("looks at the generation in use: the active one where the stack says which, else the newest", () => {
    const state = created(two, ["2026-08-01", "2026-11-25"]);
    expect(levels(two, { ...prod, state })).toEqual([]);
    expect(levels([outputs(2), ...two], { ...prod, state })).toEqual([]);
    expect(levels([outputs(1), ...two], { ...prod, state })).toEqual(["expired"]);
  });

  it("takes dates from its settings where the state is out of reach, and the older of both", () => {
    const settings = { since: { DB_PASSWORD: { "1": "2026-01-01" } } };
    expect(levels(one, { ...prod, settings, state: () => undefined })).toEqual(["expired"]);
    expect(levels(one, { ...prod, settings, state: created(one, ["2026-11-01"]) })).toEqual(["expired"]);
  });

  it("says so when ages can't be known, and nothing where there are no secrets", () => {
    expect(levels(one, { ...prod, state: () => undefined })).toEqual(["unknown-age, warning"]);
    expect(levels([], { ...prod, state: () => undefined })).toEqual([]);
  });

  it("takes a generation that is not in the state for new", () => {
    expect(levels(one, { ...prod, state: () => ({}) })).toEqual([]);
  });

  it("refuses an old generation that stays long after its successor", () => {
    const retained = created(two, ["2026-09-01", "2026-11-22"]);
    expect(levels(two, { ...prod, state: retained })).toEqual(["retained"]);
    expect(levels(two, { state: retained })).toEqual(["retained, warning"]);
    expect(levels(two, { ...prod, state: created(two, ["2026-09-01", "2026-11-23"]) })).toEqual([]);
    expect(levels(two, { ...prod, state: retained, settings: { retainHours: 168 } })).toEqual([]);
  });

  it("adds months by the calendar", () => {
    const add = (from: string, months: number) => addMonths(new Date(`${from}T08:00:00Z`), months).toISOString();
    expect(add("2026-11-30", 3)).toBe("2027-02-28T08:00:00.000Z");
    expect(add("2026-01-31", 1)).toBe("2026-02-28T08:00:00.000Z");
    expect(add("2026-08-25", 12)).toBe("2027-08-25T08:00:00.000Z");
  });
});
