/**
 * What a service holds once its secrets are loaded and valid. Values live in private fields behind methods, so that
 * logging the object, a template literal, JSON.stringify or a spread prints `[REDACTED]` or nothing.
 */
import type { Values } from "./checks.ts";
import type { Manifest, ManifestSecret } from "./manifest.ts";

/** What stands for a value wherever an object of this file is printed. */
export const REDACTED = "[REDACTED]";

/** `util.inspect.custom`, by its registered name: no import of `node:util` is needed for it. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** Body of the readiness report: numbers, never values. */
export interface SecretsReport {
  service: string;
  secrets: { name: string; active: number | null; live: number[] }[];
}

/** One live value of an entry. Printing it shows the generation and `[REDACTED]`. */
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

/** `Secrets` over values that `checkAll` found valid. */
export class LoadedSecrets implements Secrets {
  readonly manifest: Manifest;
  readonly #values: Values;

  constructor(manifest: Manifest, values: Values) {
    this.manifest = manifest;
    this.#values = values;
  }

  validateRequired(entries: readonly string[]): void {
    const problems = entries.flatMap((entry) => {
      const secret = this.#secretOfEntry(entry);
      if (!secret) return [notGranted(entry, this.manifest.service)];
      return secret.active === null ? [switchedOff(entry)] : [];
    });
    if (problems.length > 0) throw new Error(problems.join("\n"));
  }

  mustGet(entry: string): string {
    this.validateRequired([entry]);
    const value = this.generations(entry).find((g) => g.active)?.value;
    if (value === undefined) throw new Error(switchedOff(entry));
    return value;
  }

  getWithDefault(entry: string, fallback: string): string {
    return this.active(entry) === null ? fallback : this.mustGet(entry);
  }

  active(name: string): number | null {
    const secret = this.manifest.secrets.find((s) => s.name === name) ?? this.#secretOfEntry(name);
    if (!secret) throw new Error(notGranted(name, this.manifest.service));
    return secret.active;
  }

  generations(entry: string): LiveValue[] {
    const secret = this.#secretOfEntry(entry);
    if (!secret) throw new Error(notGranted(entry, this.manifest.service));
    return [...(this.#values.get(entry) ?? [])]
      .map(([generation, value]) => new HeldValue(generation, generation === secret.active, value))
      .sort((a, b) => Number(b.active) - Number(a.active) || b.generation - a.generation);
  }

  report(): SecretsReport {
    const secrets = this.manifest.secrets.map(({ name, active, live }) => ({ name, active, live: [...live] }));
    return { service: this.manifest.service, secrets };
  }

  reportLine(): string {
    return JSON.stringify({ event: "secrets.report", ...this.report() });
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [INSPECT](): string {
    return `Secrets ${REDACTED}`;
  }

  #secretOfEntry(entry: string): ManifestSecret | undefined {
    return this.manifest.secrets.find((s) => s.entries.some((e) => e.name === entry));
  }
}

class HeldValue implements LiveValue {
  readonly generation: number;
  readonly active: boolean;
  readonly #value: string;

  constructor(generation: number, active: boolean, value: string) {
    this.generation = generation;
    this.active = active;
    this.#value = value;
  }

  get value(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): object {
    return { generation: this.generation, active: this.active, value: REDACTED };
  }

  [INSPECT](): string {
    return `LiveValue { generation: ${this.generation}, active: ${this.active ? "true" : "false"}, value: ${REDACTED} }`;
  }
}

function notGranted(name: string, service: string): string {
  return `${name} is not granted to ${service}; grant it in the catalog`;
}

function switchedOff(entry: string): string {
  return `${entry} is switched off in this stack; publish a generation of it, or use getWithDefault`;
}
