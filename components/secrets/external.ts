import { checkValue } from "../../runtime/format.ts";
import type { Format, SecretSpec } from "../catalog/types.ts";
import type { Generations } from "../rotation/generations.ts";
import { certificateProblems, isOther } from "./certificate.ts";
import type { ExternalValues } from "./declare.ts";

/** What third parties' values are checked against, beside their formats. */
export interface ExternalContext {
  /** Host name that the certificate of the gateway is for; undefined where the stack has none. */
  readonly host?: string | undefined;
  readonly now: Date;
}

/**
 * Problems of the third-party values of one secret: one line for each entry and live generation that is missing,
 * blank or malformed; for each private key that is another certificate's; and for an active certificate that no client would take.
 * Never the value, nor its length.
 */
export function externalProblems(
  secret: string,
  spec: SecretSpec,
  { live, active }: Pick<Generations, "live" | "active">,
  external: ExternalValues,
  context: ExternalContext,
): readonly string[] {
  return Object.entries(spec.entries).flatMap(([entry, { format }]) =>
    live.flatMap((generation) => {
      const field = `external.${entry}["${generation}"]`;
      const fix = `set it with: pulumi config set --secret --path '${field}'`;
      const value = external[entry]?.[String(generation)];
      if (value === undefined)
        return [`${field}: generation ${generation} of ${secret} is live but has no value; ${fix}`];
      const reason = malformed(value, format);
      if (reason !== undefined) return [`${field}: the value ${reason}; ${fix}`];
      if (format.type === "tlsPrivateKeyPem" && isOther(value, external[format.pair]?.[String(generation)]))
        return [`${field}: the value is not the private key of ${format.pair} in this generation; ${fix}`];
      // One that is no longer used may have expired: a renewal must not wait for it.
      return format.type === "tlsCertificatePem" && generation === active
        ? certificateProblems(value, context).map((problem) => `${field}: the certificate ${problem}; ${fix}`)
        : [];
    }),
  );
}

/** Why a value can't be one of that format, or undefined. Says only what is wrong, never what the value is. */
export function malformed(value: string, format: Format): string | undefined {
  if (value.trim() === "") return "is blank";
  if (format.type !== "text") return checkValue(Buffer.from(value), format).problems[0]?.message;
  if (value !== value.trim()) return "begins or ends with white space (a trailing newline, often)";
  if (/[^\x21-\x7e]/.test(value)) return "holds white space, control or non-ASCII characters";
  if (value.length < format.minLength) return `is shorter than ${format.minLength} characters`;
  if (format.maxLength !== undefined && value.length > format.maxLength) {
    return `is longer than ${format.maxLength} characters`;
  }
  return undefined;
}
