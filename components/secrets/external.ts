import type { Format, SecretSpec } from "../catalog/types.ts";
import type { ExternalValues } from "./declare.ts";

/**
 * Problems of the third-party values of one secret: one line for each entry and live generation that is missing,
 * blank or malformed. Never the value, nor its length.
 */
export function externalProblems(
  secret: string,
  spec: SecretSpec,
  live: readonly number[],
  external: ExternalValues,
): readonly string[] {
  return Object.entries(spec.entries).flatMap(([entry, { format }]) =>
    live.flatMap((generation) => {
      const field = `external.${entry}["${generation}"]`;
      const fix = `set it with: pulumi config set --secret --path '${field}'`;
      const value = external[entry]?.[String(generation)];
      if (value === undefined)
        return [`${field}: generation ${generation} of ${secret} is live but has no value; ${fix}`];
      const reason = malformed(value, format);
      return reason === undefined ? [] : [`${field}: the value ${reason}; ${fix}`];
    }),
  );
}

/** Why a value can't be one of that format, or undefined. Says only what is wrong, never what the value is. */
export function malformed(value: string, format: Format): string | undefined {
  if (value.trim() === "") return "is blank";
  if (format.type !== "text") return undefined;
  if (value !== value.trim()) return "begins or ends with white space (a trailing newline, often)";
  if (/[^\x21-\x7e]/.test(value)) return "holds white space, control or non-ASCII characters";
  if (value.length < format.minLength) return `is shorter than ${format.minLength} characters`;
  if (format.maxLength !== undefined && value.length > format.maxLength) {
    return `is longer than ${format.maxLength} characters`;
  }
  return undefined;
}
