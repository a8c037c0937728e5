import type {
  PolicyConfigSchema,
  PolicyResource,
  ReportViolation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import { afterExceptions, exceptionProblems } from "./model/allow.ts";
import { canonicalType } from "./model/properties.ts";
import { plainProperties } from "./model/plain.ts";
import type { Context, Resource, Rule, Violation } from "./model/rule.ts";
import { commonSettings, listSetting, matches, unknownSettings } from "./model/settings.ts";
import { stateReader } from "./state/read.ts";

/** A policy of either phase or of both: the SDK takes one that has both. */
type PulumiPolicy =
  ResourceValidationPolicy | (ResourceValidationPolicy & StackValidationPolicy) | StackValidationPolicy;

/** What the rules get from outside; tests give their own. */
export interface Surroundings {
  readonly now: () => Date;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A rule as a policy of Pulumi's SDK. */
export function policy(rule: Rule, surroundings: Surroundings): PulumiPolicy {
  const { name, description, level, settings } = rule;
  const configSchema = { properties: { ...commonSettings, ...settings } } satisfies PolicyConfigSchema;
  const described = { name, description, enforcementLevel: level, configSchema };
  const validateStack = async (args: StackValidationArgs, report: ReportViolation): Promise<void> => {
    const context = contextOf(rule, args, args.resources[0]?.urn ?? "", surroundings);
    const resources = rule.stack === undefined ? [] : await Promise.all(args.resources.map(resourceOf));
    const found = rule.stack?.(resources, context) ?? [];
    reportAll([...exceptionProblems(context), ...afterExceptions(found, context)], report);
  };
  const validate = rule.resource;
  if (validate === undefined) return { ...described, validateStack };
  const validateResource = async (args: ResourceValidationArgs, report: ReportViolation): Promise<void> => {
    const context = contextOf(rule, args, args.urn, surroundings);
    reportAll(afterExceptions(validate(await resourceOf(args), context), context), report);
  };
  return { ...described, validateResource, validateStack };
}

/** The settings of one policy that its schema does not have: the engine would drop them without a word. */
class UnknownSetting extends Error {
  constructor(policyName: string, keys: readonly string[], known: readonly string[]) {
    super(
      `the policy ${policyName} has no setting ${keys.join(", ")}: it has enforcementLevel, ${known.join(", ")}; correct the policy config`,
    );
    this.name = "UnknownSetting";
    // The engine prints the stack, which says nothing to who wrote the config.
    this.stack = this.message;
  }
}

function contextOf(
  rule: Rule,
  args: Pick<ResourceValidationArgs | StackValidationArgs, "getConfig">,
  urn: string,
  { now, env }: Surroundings,
): Context {
  const settings = args.getConfig<Record<string, unknown>>();
  const unknown = unknownSettings(rule.settings, settings);
  if (unknown.length > 0) {
    throw new UnknownSetting(rule.name, unknown, [...Object.keys(rule.settings), ...Object.keys(commonSettings)]);
  }
  const [, , stack = "", project = ""] = /^(urn:pulumi:)(.*?)::(.*?)::/.exec(urn) ?? [];
  const production = listSetting(settings, commonSettings, "production").some((pattern) => matches(pattern, stack));
  const base = { settings, now: now(), project, stack, production, env };
  return { ...base, state: stateReader(base) };
}

async function resourceOf(args: ResourceValidationArgs | PolicyResource): Promise<Resource> {
  const dependencies = "propertyDependencies" in args ? Object.entries(args.propertyDependencies) : [];
  const after = "dependencies" in args ? args.dependencies : [];
  return {
    urn: args.urn,
    type: canonicalType(args.type),
    name: args.name,
    props: await plainProperties(args.props),
    deleteBeforeReplace: args.opts.deleteBeforeReplace ?? false,
    dependsOn: new Map(dependencies.map(([property, resources]) => [property, resources.map(({ urn }) => urn)])),
    after: after.map(({ urn }) => urn),
  };
}

/** The form of a report that has a level of its own: the SDK takes it, but its declarations know only the text. */
interface LeveledReport {
  readonly message: string;
  readonly urn: string;
  readonly enforcementLevel: "advisory";
}

function reportAll(violations: readonly Violation[], report: ReportViolation): void {
  const reportLeveled = report as unknown as (violation: LeveledReport) => void;
  for (const { rule, message, urn, advisory } of violations) {
    const text = `[${rule}] ${message}`;
    if (advisory === true) reportLeveled({ message: text, urn, enforcementLevel: "advisory" });
    else report(text, urn);
  }
}
