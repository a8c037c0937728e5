import type { Reason } from "./findings.ts";

/** Why a provider can't be made or can't read a file; `message` continues the sentence "SECRET generation G …". */
export class ProviderError extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.name = "ProviderError";
    this.reason = reason;
  }
}
