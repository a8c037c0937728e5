import { inspect } from "node:util";

/** A secret's value, which prints as `[REDACTED]` wherever it is printed by mistake. */
export class Value {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The value itself: for what encrypts it, compares it, or hands it to the operator. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return "[REDACTED]";
  }

  toJSON(): string {
    return "[REDACTED]";
  }

  [inspect.custom](): string {
    return "[REDACTED]";
  }
}
