import { entries, secretNames, secretSpecs, type EntryName, type SecretName } from "../catalog/grants.ts";
import type { SecretSpec, ServiceName, StackName } from "../catalog/types.ts";
import { initial, InvalidGenerations, parseGenerations, type Generations } from "../rotation/generations.ts";
import { InvalidSettings } from "../settings.ts";
import { externalProblems } from "./external.ts";

/** One secret as a stack declares it: which generations exist and which one clients use. */
export interface Declared extends Generations {
  readonly secret: SecretName;
  readonly spec: SecretSpec;
  readonly required: boolean;
}

/** Values of third parties by secret (single-entry secrets) or entry, then by generation. */
export type ExternalValues = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What a stack says about its secrets. Values are only in `external`, and are checked here, never printed. */
export interface DeclareArgs {
  readonly environment: StackName;
  /** The services that this stack deploys: a secret that none of them reads is not generated. */
  readonly services: readonly ServiceName[];
  /** The config key `generations`, as parsed JSON, or undefined when the stack declares none. */
  readonly generations: unknown;
  /** The config key `external`, decrypted. */
  readonly external: unknown;
  /** Host name that clients use. A supplied certificate of the gateway must cover it. @default none */
  readonly host?: string;
  /** @default the present moment */
  readonly now?: Date;
}

/** Every problem of a stack's declaration at once. `problems` names fields and fixes, never values. */
export class InvalidDeclaration extends InvalidSettings {
  constructor(problems: readonly string[]) {
    super("secrets are", problems);
  }
}

/** What {@link declare} answers: the secrets that this stack has, and the external values among them. */
export interface Declaration {
  readonly secrets: readonly Declared[];
  readonly external: ExternalValues;
}

/**
 * Reads a stack's declaration before any resource is registered, so that a mistake creates nothing.
 *
 * @throws InvalidDeclaration listing every problem: malformed generations, external values that are missing where the
 *   catalog requires them, blank, malformed, a certificate that clients would refuse, or supplied for a name that the catalog does not know.
 */
export function declare(args: DeclareArgs): Declaration {
  const problems: string[] = [];
  const optional = secretNames.filter((secret) => !isRequired(secret, args.environment));
  const generations = readGenerations(args.generations, optional, problems);
  const external = readExternal(args.external, problems);
  const declaredByName = new Set(isRecord(args.generations) ? Object.keys(args.generations) : []);

  const secrets = secretNames.flatMap((secret): Declared[] => {
    const spec: SecretSpec = secretSpecs[secret];
    const required = isRequired(secret, args.environment);
    const state = generations[secret] ?? initial;
    if (state.live.length === 0) return [];
    const consumed = consumersIn(secret, args.services);
    switch (spec.presence) {
      case "supplied": {
        const supplied = Object.keys(spec.entries).some((entry) => Object.keys(external[entry] ?? {}).length > 0);
        if (!supplied && !required && !declaredByName.has(secret)) return [];
        problems.push(
          ...externalProblems(secret, spec, state, external, { host: args.host, now: args.now ?? new Date() }),
        );
        break;
      }
      case "declared":
        if (!declaredByName.has(secret)) return [];
        break;
      case "consumed":
        if (!consumed) return [];
    }
    return [{ secret, spec, required, ...state }];
  });

  if (problems.length > 0) throw new InvalidDeclaration(problems);
  return { secrets, external };
}

function consumersIn(secret: SecretName, services: readonly ServiceName[]): boolean {
  return Object.values(secretSpecs[secret].entries).some((entry) =>
    entry.consumers.some((consumer) => services.includes(consumer)),
  );
}

function isRequired(secret: SecretName, environment: StackName): boolean {
  return secretSpecs[secret].requiredIn.includes(environment);
}

function readGenerations(
  config: unknown,
  optional: readonly SecretName[],
  problems: string[],
): Partial<Record<string, Generations>> {
  try {
    return parseGenerations(config, secretNames, { optional });
  } catch (error) {
    if (!(error instanceof InvalidGenerations)) throw error;
    problems.push(...error.problems);
    return {};
  }
}

function readExternal(config: unknown, problems: string[]): ExternalValues {
  if (config === undefined) return {};
  if (!isRecord(config)) {
    problems.push(`external: an object is expected, { ENTRY: { "1": value } }; ${howToSet("ENTRY")}`);
    return {};
  }
  const known = new Map<string, EntryName>(
    entries.filter((entry) => secretSpecs[entry.secret].kind === "external").map((entry) => [entry.name, entry.name]),
  );
  const external: Record<string, Record<string, string>> = {};
  for (const [name, byGeneration] of Object.entries(config)) {
    if (!known.has(name)) {
      problems.push(`external.${name}: no external entry of that name; known are ${[...known.keys()].join(", ")}`);
    } else if (!isRecord(byGeneration) || !Object.values(byGeneration).every((value) => typeof value === "string")) {
      problems.push(`external.${name}: values by generation are expected; ${howToSet(name)}`);
    } else {
      external[name] = byGeneration as Record<string, string>;
    }
  }
  return external;
}

const howToSet = (entry: string) => `pulumi config set --secret --path 'external.${entry}["1"]'`;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
