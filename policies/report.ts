/** One violation, as a report holds it. No value of a secret is in any field. */
export interface ReportedViolation {
  readonly stack: string;
  readonly policy: string;
  /** What of the policy was broken; allow-lists name it. */
  readonly rule: string;
  readonly level: "mandatory" | "advisory";
  /** URN. */
  readonly resource: string;
  readonly message: string;
}

/** One stack's check. `failure` says why it could not be checked to its end. */
export interface StackReport {
  readonly stack: string;
  readonly resources: number;
  readonly violations: readonly ReportedViolation[];
  readonly failure?: string;
}

/** What a policy is, for the reports' readers. */
export interface DescribedPolicy {
  readonly name: string;
  readonly description: string;
}

/** Whether a check refuses the stacks: any mandatory violation, or a stack that could not be checked. */
export function refuses(reports: readonly StackReport[]): boolean {
  return reports.some(
    ({ violations, failure }) => failure !== undefined || violations.some(({ level }) => level === "mandatory"),
  );
}

/** An engine event's policy violation, or undefined for any other event. */
export function violationOf(stack: string, event: unknown): ReportedViolation | undefined {
  const { policyEvent } = event as { readonly policyEvent?: PolicyEvent };
  if (policyEvent === undefined) return undefined;
  const { policyName, resourceUrn, enforcementLevel, message } = policyEvent;
  // The SDK puts the policy's description before the message, and the engine colors around both.
  const text = message.replace(/<\{%[a-z]*%\}>/g, "").trim();
  const [, rule, said] = /^(?:.*\n)?\[([\w./-]+)\] (.*)$/s.exec(text) ?? [];
  return {
    stack,
    policy: policyName,
    rule: rule ?? policyName,
    level: enforcementLevel === "mandatory" ? "mandatory" : "advisory",
    resource: resourceUrn ?? "",
    message: said ?? text,
  };
}

interface PolicyEvent {
  readonly policyName: string;
  readonly resourceUrn?: string;
  readonly enforcementLevel: string;
  readonly message: string;
}

/** The report as JSON: `{ version, ok, stacks }`. */
export function toJson(reports: readonly StackReport[]): string {
  return `${JSON.stringify({ version: 1, ok: !refuses(reports), stacks: reports }, undefined, 2)}\n`;
}

/** The report as SARIF 2.1.0, which CI systems show beside the change. A result's file is its stack's config. */
export function toSarif(
  reports: readonly StackReport[],
  policies: readonly DescribedPolicy[],
  version: string,
): string {
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "goimg-secrets-policies",
            version,
            rules: policies.map(({ name, description }) => ({ id: name, shortDescription: { text: description } })),
          },
        },
        results: reports.flatMap(({ violations }) => violations.map((violation) => result(violation, policies))),
        invocations: reports.map(({ failure }) => ({
          executionSuccessful: failure === undefined,
          ...(failure === undefined
            ? {}
            : { toolExecutionNotifications: [{ level: "error", message: { text: failure } }] }),
        })),
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function result(violation: ReportedViolation, policies: readonly DescribedPolicy[]): object {
  const { stack, policy, rule, level, resource, message } = violation;
  const index = policies.findIndex(({ name }) => name === policy);
  return {
    ruleId: policy,
    ...(index === -1 ? {} : { ruleIndex: index }),
    level: level === "mandatory" ? "error" : "warning",
    message: { text: `[${rule}] ${message}` },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: `Pulumi.${stack}.yaml` }, region: { startLine: 1 } },
        logicalLocations: [{ fullyQualifiedName: resource, kind: "resource" }],
      },
    ],
    partialFingerprints: { violation: `${policy}/${rule}/${resource}` },
  };
}

/** The report for a terminal. */
export function toText(reports: readonly StackReport[]): string {
  const lines = reports.flatMap(({ stack, resources, violations, failure }) => [
    `${stack}: ${resources} resources, ${count(violations, "mandatory")} mandatory and ${count(violations, "advisory")} advisory violations`,
    ...violations.map(
      ({ policy, rule, level, resource, message }) =>
        `  ${level} ${policy} [${rule}] ${resource.slice(resource.lastIndexOf("::") + 2)}: ${message}`,
    ),
    ...(failure === undefined ? [] : [`  could not be checked: ${failure}`]),
  ]);
  return `${lines.join("\n")}\n`;
}

function count(violations: readonly ReportedViolation[], level: string): number {
  return violations.filter((violation) => violation.level === level).length;
}
