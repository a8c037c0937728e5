/** What is wrong with one resource. */
export interface Problem {
  readonly rule: string;
  readonly message: string;
}
