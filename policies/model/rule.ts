import type { PolicyConfigJSONSchema } from "@pulumi/policy/schema.js";

/** One resource, as plain data: inputs in the resource phase, outputs in the stack phase. */
export interface Resource {
  readonly urn: string;
  /** Canonical token, `docker:index:Service`: see {@link canonicalType}. */
  readonly type: string;
  readonly name: string;
  /** Properties; values that a preview does not know yet are {@link unknownValues}. */
  readonly props: Readonly<Record<string, unknown>>;
  readonly deleteBeforeReplace: boolean;
  /** URNs of what each property was computed from. Known in the stack phase, even where values are not. */
  readonly dependsOn: ReadonlyMap<string, readonly string[]>;
  /** URNs of what it waits for, by `dependsOn` or through a property. Known in the stack phase. */
  readonly after: readonly string[];
}

/** What a rule found. It never holds a value. */
export interface Violation {
  /** What was broken, as allow-lists name it: `fileMode`, `converge`, or a detector's rule. */
  readonly rule: string;
  /** What is wrong and what to do, in one sentence. */
  readonly message: string;
  readonly urn: string;
  /** A warning whatever the policy's enforcement level is. */
  readonly advisory?: true;
}

/** Schemas of a policy's own settings; the engine checks types and bounds against them, and fills in the defaults. */
export type Settings = Readonly<Record<string, PolicyConfigJSONSchema>>;

/** What a rule may look at besides the resources. */
export interface Context {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly now: Date;
  readonly project: string;
  readonly stack: string;
  /** Whether the stack is one of the setting `production`. */
  readonly production: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The deployment's exported state, or undefined where none can be read. */
  readonly state: () => unknown;
}

/**
 * One policy, free of Pulumi's SDK. `resource` runs on each resource's inputs before the engine acts on it, so that
 * it can stop what it refuses; `stack` runs once at the end, on outputs.
 */
export interface Rule {
  /** Name of the policy and of its file. */
  readonly name: string;
  readonly description: string;
  readonly level: "mandatory" | "advisory";
  readonly settings: Settings;
  readonly resource?: (resource: Resource, context: Context) => readonly Violation[];
  readonly stack?: (resources: readonly Resource[], context: Context) => readonly Violation[];
}
