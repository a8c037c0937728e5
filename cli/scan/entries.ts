/** One named value in a file: what the detector judges, and where it stands. */
export interface ScanEntry {
  /** Line in the file, from 1. */
  readonly line: number;
  /** The service, container or build stage it belongs to, when the file says. */
  readonly service: string | undefined;
  /** Variable, property or option; never a value. */
  readonly name: string;
  readonly value: string;
  /** Set where the place alone makes a literal a finding: a Kubernetes Secret, a compose secret with inline content. */
  readonly place?: "kubernetes-secret" | "inline-secret";
  /** Line where the value's first line stands, for a value of several: a finding names the one that it is in. */
  readonly block?: number;
}

/** A line that could not be read as what the file is. The reason never quotes the file. */
export interface Unreadable {
  readonly line: number;
  readonly reason: string;
}

/** What a reader found in a file. A part that can't be read does not hide the secrets in the others. */
export interface Reading {
  readonly entries: readonly ScanEntry[];
  readonly unreadable: readonly Unreadable[];
}
