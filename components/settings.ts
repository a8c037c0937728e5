/** Every problem of one part of a stack's config at once, each with its key and what is expected; never a value. */
export class InvalidSettings extends Error {
  readonly problems: readonly string[];

  /** @param subject what is declared, with its verb: `cluster is` */
  constructor(subject: string, problems: readonly string[]) {
    super(`The stack's ${subject} declared wrongly:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.name = new.target.name;
    this.problems = problems;
  }
}

/** Reads one text of settings that have such keys. */
export type TextReader<K extends string> = (key: K, rule: RegExp, expected: string, fallback?: string) => string;

/**
 * Reads texts of settings, each by its rule; what does not fit becomes a problem, and is read as an empty text.
 *
 * @param prefix of the keys in problems
 */
export function textReader(
  given: Readonly<Record<string, unknown>>,
  problems: string[],
  prefix = "",
): TextReader<string> {
  return (key, rule, expected, fallback) => {
    const value = given[key] ?? fallback;
    if (typeof value === "string" && rule.test(value)) return value;
    problems.push(`${prefix}${key}: ${expected} is expected`);
    return "";
  };
}
