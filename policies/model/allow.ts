import { matches } from "./settings.ts";
import type { Context, Violation } from "./rule.ts";

/** An exception: this rule may be broken here, for this reason, until that day. */
export interface Allowed {
  readonly resource: string;
  readonly rule: string;
  readonly reason: string;
  /** Last day on which it applies, UTC, `YYYY-MM-DD`. */
  readonly expires: string;
}

const day = 24 * 60 * 60 * 1000;
/** An exception for longer is a decision to change the rule. */
export const longestDays = 366;

/** The violations that no exception covers. One whose exception has expired says so. */
export function afterExceptions(violations: readonly Violation[], context: Context): readonly Violation[] {
  const allowed = allowList(context);
  if (allowed.length === 0) return violations;
  return violations.flatMap((violation) => {
    const covering = allowed.filter((entry) => covers(entry, violation));
    if (covering.some((entry) => problem(entry, context.now) === undefined)) return [];
    const [first] = covering;
    if (first === undefined) return [violation];
    return [{ ...violation, message: `${violation.message} (its exception ${problem(first, context.now) ?? ""})` }];
  });
}

/** Exceptions that do not apply any more, or not at all, once each for the whole stack. */
export function exceptionProblems(context: Context): readonly Violation[] {
  return allowList(context).flatMap((entry): Violation[] => {
    const reason = problem(entry, context.now);
    if (reason === undefined) return [];
    return [
      {
        rule: "exception",
        message: `the exception for ${entry.resource}, rule ${entry.rule}, ${reason}: remove it, or review its reason`,
        urn: "",
        advisory: true,
      },
    ];
  });
}

function problem({ expires }: Allowed, now: Date): string | undefined {
  const end = Date.parse(`${expires}T00:00:00Z`);
  if (Number.isNaN(end)) return "has an end that is no date";
  if (now.getTime() >= end + day) return `expired on ${expires}`;
  if (end - now.getTime() > longestDays * day) return `lasts longer than ${longestDays} days, and so does not apply`;
  return undefined;
}

function covers(entry: Allowed, violation: Violation): boolean {
  const name = violation.urn.slice(violation.urn.lastIndexOf("::") + 2);
  const rule = entry.rule === "*" || entry.rule === violation.rule;
  return rule && (matches(entry.resource, violation.urn) || matches(entry.resource, name));
}

function allowList(context: Context): readonly Allowed[] {
  const list = context.settings["allow"];
  return Array.isArray(list) ? (list as Allowed[]) : [];
}
