/** An error that the operator can mend: its message says what is wrong and what to do; no stack trace is shown. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
  /** Exit code of the command: 1 for "no", 2 for wrong use or input. */
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
