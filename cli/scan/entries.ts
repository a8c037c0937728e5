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
}

/** A file that could not be read as what it is. The reason never quotes the file. */
export class UnparseableError extends Error {
  override readonly name = "UnparseableError";
  readonly line: number;

  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}
