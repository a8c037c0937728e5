/** What a third party said of a new value. `why` never quotes the value, nor the answer: an answer may repeat what it was sent. */
export type Verdict =
  | { readonly verdict: "accepted" }
  | { readonly verdict: "refused"; readonly why: string }
  /** It did not answer, or answered something that says nothing about the value. */
  | { readonly verdict: "unknown"; readonly why: string }
  /** It can't be asked as the stack is configured; `why` says which setting is missing. */
  | { readonly verdict: "unasked"; readonly why: string };

/** Values of one generation of a secret, by entry. */
export type EntryValues = Readonly<Record<string, string>>;

/**
 * Asks a third party whether it accepts a value, in a way that changes nothing there.
 *
 * @param values every entry of the secret
 */
export type Check<Settings> = (values: EntryValues, settings: Settings) => Promise<Verdict>;

/** How long an answer may take, in milliseconds. */
export const answerWithin = 10_000;
