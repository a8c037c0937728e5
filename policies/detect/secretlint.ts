import { creator } from "@secretlint/secretlint-rule-preset-recommend";

/**
 * secretlint's recommended preset, run synchronously. Its engine is asynchronous and copies the source for every call;
 * its rules are synchronous but for one that opens `.p12` files, which a value never is. So the rules are created once
 * with a context of our own, and each value is a source of its own. What a rule says holds the value: only its id is kept.
 */
type Rule = (typeof creator)["rules"][number];
type RuleContext = Parameters<Rule["create"]>[0];
type Source = Parameters<NonNullable<ReturnType<Rule["create"]>["file"]>>[0];

/** Rules that read commented-out switches or that look at URLs, which are judged elsewhere with defaults and masks in mind. */
const leftOut = /(?:filter-comments|basicauth|database-connection-string)$/;

const reported: string[] = [];

function contextOf(id: string): RuleContext {
  return {
    sharedOptions: {},
    createTranslator: () => (messageId: string) => ({ messageId, message: messageId }),
    report: () => {
      reported.push(id);
    },
    ignore: () => undefined,
  } as unknown as RuleContext;
}

const checkers = creator.rules
  .filter((rule) => !leftOut.test(rule.meta.id))
  .map((rule) => {
    const id = rule.meta.id.replace(/^.*secretlint-rule-/, "");
    return { check: rule.create(contextOf(id), {}), id };
  });

/** The short id of the first of secretlint's rules that the entry breaks (`github`, `slack`, …). */
export function secretlintRule(name: string, value: string): string | undefined {
  const content = `${name}=${value}\n`;
  const source = {
    content,
    contentType: "text",
    filePath: undefined,
    ext: "",
    hasBOM: false,
    indexToPosition: () => ({ line: 1, column: 0 }),
    locationToRange: () => [0, 0],
    rangeToLocation: () => ({ start: { line: 1, column: 0 }, end: { line: 1, column: 0 } }),
    indexFromPosition: () => 0,
  } as unknown as Source;
  reported.length = 0;
  for (const { check } of checkers) {
    try {
      void check.file?.(source);
    } catch {
      // A rule that can't read a value has nothing to say of it.
    }
    if (reported.length > 0) return reported[0];
  }
  return undefined;
}
