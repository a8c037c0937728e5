import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { withoutSecrets } from "../../policies/check/workspace.ts";
import { refuses, toJson, toSarif, toText, violationOf, type StackReport } from "../../policies/report.ts";
import { rules } from "../../policies/rules.ts";

const event = {
  policyEvent: {
    policyName: "strength",
    resourceUrn: "urn:pulumi:dev::shop::tls:index/privateKey:PrivateKey::JWT_KEY-g1",
    enforcementLevel: "mandatory",
    message: "<{%reset%}>Keys are strong.\n[key] rsaBits is 2048, less than 4096: set rsaBits: 4096\n<{%reset%}>",
  },
};
const violation = violationOf("dev", event);
if (violation === undefined) throw new Error("the event is a violation");
const clean: StackReport = { stack: "dev", resources: 3, violations: [] };
const broken: StackReport = { ...clean, violations: [violation] };
const warned: StackReport = { ...clean, violations: [{ ...violation, level: "advisory" }] };
const failed: StackReport = { ...clean, failure: "the program exited with code 1" };

describe("a report", () => {
  it("reads the engine's events", () => {
    expect(violation).toEqual({
      stack: "dev",
      policy: "strength",
      rule: "key",
      level: "mandatory",
      resource: event.policyEvent.resourceUrn,
      message: "rsaBits is 2048, less than 4096: set rsaBits: 4096",
    });
    expect(violationOf("dev", { resourcePreEvent: {} })).toBeUndefined();
    const other = { policyEvent: { policyName: "x", enforcementLevel: "advisory", message: "of another pack" } };
    expect(violationOf("dev", other)).toMatchObject({ rule: "x", level: "advisory", message: "of another pack" });
  });

  it.each([
    ["nothing found", clean, false],
    ["a warning", warned, false],
    ["a mandatory violation", broken, true],
    ["a stack that could not be checked", failed, true],
  ])("refuses or not: %s", (_what, report, refused) => {
    expect(refuses([clean, report])).toBe(refused);
    expect(JSON.parse(toJson([clean, report]))).toEqual({ version: 1, ok: !refused, stacks: [clean, report] });
  });

  it("is SARIF 2.1.0", () => {
    const log = JSON.parse(toSarif([broken, warned, failed], rules(), "0.1.0")) as {
      version: string;
      runs: {
        tool: { driver: { rules: { id: string }[] } };
        results: Record<string, unknown>[];
        invocations: unknown[];
      }[];
    };
    expect(log.version).toBe("2.1.0");
    const [run] = log.runs;
    expect(run?.tool.driver.rules.map(({ id }) => id)).toEqual(rules().map(({ name }) => name));
    expect(run?.results.map(({ ruleId, level }) => [ruleId, level])).toEqual([
      ["strength", "error"],
      ["strength", "warning"],
    ]);
    expect(run?.results[0]).toMatchObject({
      ruleIndex: rules().findIndex(({ name }) => name === "strength"),
      message: { text: "[key] rsaBits is 2048, less than 4096: set rsaBits: 4096" },
      locations: [
        {
          physicalLocation: { artifactLocation: { uri: "Pulumi.dev.yaml" } },
          logicalLocations: [{ fullyQualifiedName: event.policyEvent.resourceUrn }],
        },
      ],
    });
    expect(run?.invocations).toEqual([
      { executionSuccessful: true },
      { executionSuccessful: true },
      {
        executionSuccessful: false,
        toolExecutionNotifications: [{ level: "error", message: { text: "the program exited with code 1" } }],
      },
    ]);
  });

  it("is text", () => {
    expect(toText([broken, failed]).split("\n")).toEqual([
      "dev: 3 resources, 1 mandatory and 0 advisory violations",
      "  mandatory strength [key] JWT_KEY-g1: rsaBits is 2048, less than 4096: set rsaBits: 4096",
      "dev: 3 resources, 0 mandatory and 0 advisory violations",
      "  could not be checked: the program exited with code 1",
      "",
    ]);
  });
});

describe("a stack's config in a workspace", () => {
  it("loses what only its own secrets provider can read, and says where that was", () => {
    const { config, placeholders } = withoutSecrets(`
encryptionsalt: v1:salt
secretsprovider: awskms://alias/shop
encryptedkey: AQ==
config:
  shop:port: "80"
  shop:token: { secure: v1:token }
  shop:external: { SMTP_PASSWORD: { "1": { secure: v1:smtp }, note: plain } }
  shop:list: [one, { secure: v1:two }]
`);
    expect(parse(config)).toEqual({
      config: { "shop:port": "80", "shop:external": { SMTP_PASSWORD: { note: "plain" } }, "shop:list": ["one", null] },
    });
    expect(placeholders).toEqual(["shop:token", 'shop:external["SMTP_PASSWORD"]["1"]', "shop:list[1]"]);
  });

  it("may be empty", () => {
    expect(withoutSecrets("")).toEqual({ config: "config: {}\n", placeholders: [] });
  });
});
