import { createHash } from "node:crypto";

/**
 * A value's fingerprint, to compare values of stacks that may not read each other's state. It is safe to publish only
 * for values of at least 128 random bits, which no one can try out; that is why {@link publishable} decides what is
 * printed.
 */
export function fingerprint(value: string): string {
  return createHash("sha256").update("goimg-secrets/fingerprint/v1\0").update(value.trim()).digest("hex");
}

/** Whether a value is random enough for its fingerprint to be published: a generated one, by its length. */
export function publishable(value: string): boolean {
  return value.length >= 32 && new Set(value).size >= 16;
}
