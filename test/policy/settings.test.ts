import { describe, expect, it } from "vitest";
import { afterExceptions, exceptionProblems, type Allowed } from "../../policies/model/allow.ts";
import { canonicalType } from "../../policies/model/properties.ts";
import { isName } from "../../policies/model/paths.ts";
import type { Violation } from "../../policies/model/rule.ts";
import { matches } from "../../policies/model/settings.ts";
import { contextFor } from "./support/run.ts";
import { otherPassword, password, urnOf } from "./support/stack.ts";

const violation: Violation = { rule: "file-mode", message: "it is wrong", urn: urnOf("docker:index:Service", "api") };
const entry: Allowed = {
  resource: "api",
  rule: "file-mode",
  reason: "the image is replaced in December",
  expires: "2026-12-31",
};
const left = (allow: readonly Allowed[]) => afterExceptions([violation], contextFor({ settings: { allow } }));
const problems = (allow: readonly Allowed[]) => exceptionProblems(contextFor({ settings: { allow } }));

describe("an exception", () => {
  it.each([
    ["by name", {}],
    ["by URN", { resource: "urn:pulumi:dev::shop::*::api" }],
    ["by pattern", { resource: "a*i" }],
    ["for any rule", { rule: "*" }],
    ["on its last day", { expires: "2026-11-25" }],
  ])("covers a violation: %s", (_what, changed) => {
    expect(left([{ ...entry, ...changed }])).toEqual([]);
    expect(problems([{ ...entry, ...changed }])).toEqual([]);
  });

  it.each([
    ["of another resource", { resource: "worker" }],
    ["of another rule", { rule: "file-owner" }],
    ["of another stack", { resource: "urn:pulumi:prod::*" }],
  ])("leaves a violation: %s", (_what, changed) => {
    expect(left([{ ...entry, ...changed }])).toEqual([violation]);
  });

  it.each([
    ["2026-11-24", "expired on 2026-11-24"],
    ["2028-01-01", "lasts longer than 366 days"],
    ["2026-13-45", "has an end that is no date"],
  ])("that ends on %s does not apply, and is reported", (expires, reason) => {
    const expired = [{ ...entry, expires }];
    expect(left(expired)[0]?.message).toContain(reason);
    expect(problems(expired)).toHaveLength(1);
    expect(problems(expired)[0]).toMatchObject({ rule: "exception", advisory: true });
    expect(problems(expired)[0]?.message).toContain(reason);
  });

  it("applies beside one that expired", () => {
    expect(left([{ ...entry, expires: "2020-01-01" }, entry])).toEqual([]);
  });
});

describe("patterns", () => {
  it.each([
    ["api", "api", true],
    ["api", "apis", false],
    ["*", "", true],
    ["a*c", "abc", true],
    ["a*bc", "abc", true],
    ["ab*bc", "abc", false],
    ["*-prod", "eu-prod", true],
    ["*a*b*", "xxaxxbxx", true],
    ["*b*a*", "xxaxxbxx", false],
    ["a.c", "abc", false],
  ])("%s on %s: %s", (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });
});

describe("type tokens", () => {
  it.each([
    ["docker:index/service:Service", "docker:index:Service"],
    ["docker:index:Service", "docker:index:Service"],
    ["aws:ecs/taskDefinition:TaskDefinition", "aws:ecs:TaskDefinition"],
    ["kubernetes:core/v1:Secret", "kubernetes:core/v1:Secret"],
    ["pulumi:pulumi:Stack", "pulumi:pulumi:Stack"],
    ["pulumi:providers:aws", "pulumi:providers:aws"],
    ["odd", "odd"],
  ])("%s is %s", (token, expected) => {
    expect(canonicalType(token)).toBe(expected);
  });
});

describe("names", () => {
  it.each([
    "DB_PASSWORD",
    "DB_PASSWORD-g12",
    "taskSpec",
    "goimg.service",
    "runtimeEnvironmentVariables",
    "s3",
    "JWT_KEY-g1",
  ])("%s may be printed", (name) => {
    expect(isName(name)).toBe(true);
  });
  it.each([password, otherPassword, "", "a b", "0123456789abcdef0123", "AKIA3EXAMPLE7QX2ZT9K", "x".repeat(49)])(
    "%s may not",
    (name) => {
      expect(isName(name)).toBe(false);
    },
  );
});
