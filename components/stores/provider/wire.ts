/** Properties of a resource as the engine sends them, and without their wrappings. */
import type { Inputs } from "./kind.ts";

/** How Pulumi marks a secret and an unknown value on the wire (`sdk/nodejs/runtime/rpc.ts`). */
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Raw properties, secrets wrapped. They are answered as they came, so that what is secret stays so. */
export type Raw = Readonly<Record<string, unknown>>;

/** Secrets in the clear, in this process' memory alone. */
export function unwrapped(raw: Raw): Inputs {
  return unwrap(raw) as Inputs;
}

function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== "object" || value === null) return value;
  const record = value as Record<string, unknown>;
  if (record[signature] === secretSignature) return unwrap(record["value"]);
  return Object.fromEntries(Object.entries(record).map(([key, item]) => [key, unwrap(item)]));
}

/** A secret as the engine takes it: encrypted in the state. */
export const secretOf = (value: string): Raw => ({ [signature]: secretSignature, value });

/** Whether a preview does not know a value yet, or one in it. */
export function holdsUnknown(value: unknown): boolean {
  return value === unknown || (Array.isArray(value) && value.some(holdsUnknown));
}

/** Type of the resource of a URN, such as `goimg-stores:env:Entry`. */
export const typeOf = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";

/** Pulumi adds properties of its own. */
export const isInternal = (property: string): boolean => property.startsWith("__");
