import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rules } from "../../policies/rules.ts";
import { unknownValues } from "../../policies/model/properties.ts";
import { plainProperties } from "../../policies/model/plain.ts";
import type { Resource } from "../../policies/model/rule.ts";
import { contextFor } from "./support/run.ts";
import { base64, password, resource, secret } from "./support/stack.ts";

/** Trees in this run. `GOIMG_FUZZ=100000` runs as many as the note's figure. */
const trees = Number(process.env["GOIMG_FUZZ"] ?? "2000");

/** The value that no message may hold, as it is and in the ways that a policy decodes. */
const sentinel = password;
const sentinels = [sentinel, base64(sentinel), encodeURIComponent(sentinel), Buffer.from(sentinel).toString("hex")];
const hiddenParts = [...sentinels, sentinel.slice(0, 16), sentinel.slice(-16)];

const types = [
  "docker:index:Service",
  "docker:index:ServiceConfig",
  "docker:index:Container",
  "docker:index:Secret",
  "docker:index:Network",
  "random:index:RandomPassword",
  "random:index:RandomBytes",
  "tls:index:PrivateKey",
  "aws:ecs:TaskDefinition",
  "aws:iam:Policy",
  "aws:iam:Role",
  "aws:ec2:SecurityGroup",
  "aws:secretsmanager:SecretVersion",
  "digitalocean:index:App",
  "digitalocean:index:Firewall",
  "pulumi:pulumi:Stack",
  "example:index:Thing",
  "__proto__",
  "constructor",
];

/** Keys that rules look for, among others. */
const keys = fc.constantFrom(
  ...[
    "taskSpec",
    "containerSpec",
    "env",
    "envs",
    "args",
    "commands",
    "labels",
    "label",
    "name",
    "value",
    "key",
    "data",
  ],
  ...["secrets", "secretId", "fileMode", "fileUid", "user", "healthcheck", "tests", "updateConfig", "order", "mode"],
  ...["replicated", "replicas", "endpointSpec", "ports", "targetPort", "containerDefinitions", "policy", "Statement"],
  ...["Effect", "Action", "Resource", "spec", "type", "driver", "options", "encrypted", "length", "result", "rsaBits"],
  ...["algorithm", "privateKeyPem", "secretString", "ingress", "DB_PASSWORD", "__proto__", "constructor", "toString"],
);
const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  { weight: 4, arbitrary: fc.constantFrom(...sentinels) },
  { weight: 2, arbitrary: fc.string({ maxLength: 20 }).map((around) => `${around}${sentinel}${around}`) },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }).map((name) => `${name}=${sentinel}`) },
  { weight: 1, arbitrary: fc.constantFrom(...unknownValues) as fc.Arbitrary<string> },
  { weight: 1, arbitrary: fc.json({ maxDepth: 2 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n",
      "{",
      "[",
      "%",
      "\\",
      "Allow",
      "*",
      "RSA",
      "overlay",
    ),
  },
);
const tree = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    { weight: 4, arbitrary: text },
    { weight: 1, arbitrary: fc.constantFrom(null, undefined, true, false, 0, -1, 0o444, 5432, Number.NaN, 1e300) },
    {
      weight: 3,
      arbitrary: fc.dictionary(fc.oneof({ weight: 5, arbitrary: keys }, { weight: 1, arbitrary: text }), tie("node"), {
        maxKeys: 5,
      }),
    },
    { weight: 2, arbitrary: fc.array(tie("node"), { maxLength: 5 }) },
  ),
})).node;
const props = fc.dictionary(fc.oneof({ weight: 5, arbitrary: keys }, { weight: 1, arbitrary: text }), tree, {
  maxKeys: 6,
});
const settings = fc.constantFrom({}, { since: { DB_PASSWORD: { "1": "2020-01-01" } } }, { grants: { it: [] } });

describe("random property trees", () => {
  it("never crash, hang or show themselves in a message", { timeout: 1_800_000 }, async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...types), props, props, settings, async (type, one, two, given) => {
        const plain = await plainProperties(one);
        const resources: readonly Resource[] = [
          secret("DB_PASSWORD-g1", sentinel),
          resource(type, "it", plain),
          {
            ...resource("docker:index:Service", "other", two),
            dependsOn: new Map([["taskSpec", [resource(type, "it").urn]]]),
          },
        ];
        const context = contextFor({
          settings: given,
          production: true,
          state: () => ({ deployment: { resources: [one, two] } }),
        });
        for (const rule of rules()) {
          const violations = [
            ...resources.flatMap((candidate) => rule.resource?.(candidate, context) ?? []),
            ...(rule.stack?.(resources, context) ?? []),
          ];
          found += violations.length;
          for (const { rule: name, message } of violations) {
            const shown = `${rule.name} [${name}] ${message}`;
            // Not an assertion for each: there are a million of them.
            if (hiddenParts.some((part) => shown.includes(part))) throw new Error("a message shows a value");
          }
        }
      }),
      { numRuns: trees },
    );
    // A run that finds nothing would prove nothing.
    expect(found).toBeGreaterThan(trees / 4);
  });
});
