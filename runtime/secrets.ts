/**
 * What a service holds once its secrets are loaded and valid. Values live in a private field behind methods, so that
 * logging the object, a template literal or JSON.stringify prints `[REDACTED]`.
 */
import type { Manifest } from "./manifest.ts";

/** Body of the readiness report: numbers, never values. */
export interface SecretsReport {
  service: string;
  secrets: { name: string; active: number | null; live: number[] }[];
}

/** One live value of an entry. `toJSON` and inspection print `[REDACTED]`. */
export interface LiveValue {
  readonly generation: number;
  readonly active: boolean;
  readonly value: string;
}

/** The API of loaded secrets; `name` is a secret (`JWT_KEY`) and `entry` one of its files (`JWT_PRIVATE_KEY`). */
export interface Secrets {
  readonly manifest: Manifest;
  /** Throws one error that lists every named entry that is not granted or is switched off. */
  validateRequired(entries: readonly string[]): void;
  /** Value of the active generation; throws when the entry is not granted or is switched off. */
  mustGet(entry: string): string;
  /** As `mustGet`, but the default when the feature is switched off; still throws when it is not granted. */
  getWithDefault(entry: string, fallback: string): string;
  /** Number of the active generation of a secret (or of the secret of an entry); null when it is switched off. */
  active(name: string): number | null;
  /** Every live value of an entry, the active one first, then the newest; empty when it is switched off. */
  generations(entry: string): LiveValue[];
  report(): SecretsReport;
  /** The one line that a service prints on stdout once it is up: `{"event":"secrets.report",…}`. */
  reportLine(): string;
}
