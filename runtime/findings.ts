/**
 * What the checks find. A finding names the secret, the entry, the generation, the rule and the fix; it never holds a
 * value or a part of one, so it may be logged anywhere.
 */

/** Exit code of a service whose secrets are damaged: EX_CONFIG of BSD's sysexits.h. */
export const EXIT_CONFIG = 78;

/** Every reason there is. Part of the contract: services in other languages use the same words. */
export const REASONS = [
  // the manifest and the provider
  "manifest-missing",
  "manifest-invalid",
  "manifest-wrong-service",
  "manifest-inconsistent",
  "unknown-provider",
  "provider-unavailable",
  "provider-not-allowed",
  "not-granted",
  "required-off",
  "generation-without-file",
  // the file
  "missing",
  "not-a-file",
  "symlink-outside",
  "mode-too-open",
  "wrong-owner",
  "unreadable",
  "too-large",
  // the text
  "blank",
  "bom",
  "not-text",
  "control-character",
  "trailing-newline",
  "surrounding-whitespace",
  "too-short",
  "too-long",
  "charset",
  "weak",
  // the keys
  "bad-pem",
  "pem-wrong-label",
  "pem-encrypted",
  "public-key-for-private",
  "private-key-for-public",
  "not-rsa",
  "key-type",
  "key-too-short",
  "pair-mismatch",
  "chain-broken",
  // between values
  "same-value-in-generations",
  "same-value-in-secrets",
] as const;

export type Reason = (typeof REASONS)[number];

/** One thing that is wrong. `secret` is null when it is about the manifest or the provider as a whole. */
export interface Finding {
  readonly secret: string | null;
  readonly entry: string | null;
  readonly generation: number | null;
  readonly reason: Reason;
  /** What is wrong and how to fix it, in one line. */
  readonly message: string;
}

/** A finding about the manifest, the provider or the directory as a whole. */
export function wholeFinding(reason: Reason, message: string): Finding {
  return { secret: null, entry: null, generation: null, reason, message };
}

/** Sorted by secret, entry, generation and reason, whole-manifest findings first; doubles removed. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const key = (f: Finding): string =>
    [f.secret ?? "", f.entry ?? "", String(f.generation ?? 0).padStart(8, "0"), f.reason, f.message].join("\u0000");
  const byKey = new Map(findings.map((f) => [key(f), f]));
  return [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, f]) => f);
}

/** The line that a service prints on stderr for a finding. */
export function findingLine(finding: Finding, service: string | null): string {
  return JSON.stringify({ level: "error", event: "secrets.invalid", service, ...finding });
}

/** Thrown by `loadSecrets` with all findings at once; its message is safe to log. */
export class SecretsError extends Error {
  readonly findings: readonly Finding[];
  readonly service: string | null;

  constructor(findings: readonly Finding[], service: string | null) {
    super(findings.map((f) => f.message).join("\n"));
    this.name = "SecretsError";
    this.findings = findings;
    this.service = service;
  }
}
