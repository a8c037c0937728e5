/** Properties of a resource as the engine sends them, once secrets are unwrapped. */
export type Inputs = Readonly<Record<string, unknown>>;

/** What is known of a resource only once it is made. */
export interface Made {
  readonly plain?: Readonly<Record<string, string>>;
  /** Kept encrypted. */
  readonly secret?: Readonly<Record<string, string>>;
}

/** One kind of resource: what the engine asks for, without its protocol. No message may hold a value. */
export interface Kind<I> {
  /**
   * Reads the inputs, and reports every problem by property.
   *
   * @param problems filled with what is wrong and how to mend it
   */
  parse(inputs: Inputs, problems: Problems): I;
  /** Properties whose change makes it another resource. The rest is changed in place. */
  readonly replacing: readonly string[];
  /** What names it in its store: plain, and the same whenever it is made again. */
  id(inputs: I): string;
  /** Makes it, or takes over what a run that was killed has made. */
  create(inputs: I): Promise<void>;
  /**
   * Asked once it is made or changed: what no input says. None of it has an input's name.
   *
   * @param before its state before a change; nothing when it was just made
   */
  made?(inputs: I, before: Inputs): Promise<Made>;
  /** Changes it in place; left out where every property replaces. */
  update?(inputs: I, before: Inputs): Promise<void>;
  /** Whether it is still there. */
  exists(inputs: I, before: Inputs): Promise<boolean>;
  /** Takes it away; not an error when it is gone. */
  delete(inputs: I, before: Inputs): Promise<void>;
}

/** What is wrong, by property. */
export type Problems = Map<string, string>;

/** Text of a property, or "" with a problem reported. */
export function text(inputs: Inputs, property: string, problems: Problems, rule: RegExp, expected: string): string {
  const value = inputs[property];
  if (typeof value === "string" && rule.test(value)) return value;
  problems.set(property, `must be ${expected}`);
  return "";
}

/** A generation's number, or 0 with a problem reported. */
export function generationOf(inputs: Inputs, problems: Problems): number {
  const value = inputs["generation"];
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 1_000_000) return value;
  problems.set("generation", "must be a whole number from 1 to 1000000");
  return 0;
}

/** Name of an entry: as the manifest takes it. */
export const entryRule = /^[A-Z][A-Z0-9_]{0,47}$/;

/**
 * Bytes that a value may have in any store: what Swarm takes (swarmkit, `api/validation`: MaxSecretSize is 500 KiB, exclusive), so
 * that values can move between stores.
 */
export const maxValueBytes = 511_999;

/** A value that a store of that many bytes can hold, or "" with a problem reported that says nothing about it. */
export function valueOf(inputs: Inputs, problems: Problems, maxBytes = maxValueBytes): string {
  const value = inputs["value"];
  if (typeof value !== "string" || value === "") problems.set("value", "must not be empty");
  else if (Buffer.byteLength(value, "utf8") > maxBytes) {
    problems.set("value", `must be of at most ${maxBytes} bytes`);
  } else if (!value.isWellFormed()) problems.set("value", "must be well-formed text");
  else return value;
  return "";
}

/** Path of an engine, an auth method or an entry of Vault. */
export const pathRule = /^[a-z0-9][a-z0-9_.-]*(\/[a-z0-9][a-z0-9_.-]*)*$/i;
