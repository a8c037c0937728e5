import type { Place, Traced } from "./traced.ts";
import { concat, literal, suppliedBy } from "./traced.ts";

/** A variable's value, or undefined if it is not set. */
export type Lookup = (name: string) => Traced | undefined;

/** What a template needs to know of its surroundings. */
export interface TemplateContext {
  readonly lookup: Lookup;
  readonly at: Place;
  /** Told of each variable that is not set and has no default: compose puts nothing in its place. */
  readonly unset?: (name: string) => void;
  /** Told of each `${VAR:?message}` without a value, which compose refuses; nothing is put in its place. */
  readonly required?: (name: string) => void;
  /** Told of a `${` that is no variable, which compose refuses; the text stays as it is. */
  readonly invalid?: () => void;
}

/** The pattern of the compose specification's own implementation: `$$`, `$VAR`, `${VAR}` and the six operators. */
const variable = /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{(?:([_a-z][_a-z0-9]*(?:(:?[-+?])([^\n]*))?)\}|()))/gi;
const nameAndRest = /^([_a-z][_a-z0-9]*)(:?[-+?])([^]*)$/i;
const deepest = 32;

/** Puts variables in their places, as compose does. */
export function substitute(template: string, context: TemplateContext, depth = 0): Traced {
  if (!template.includes("$")) return literal(template, context.at);
  const parts: Traced[] = [];
  let end = 0;
  for (const match of template.matchAll(variable)) {
    parts.push(literal(template.slice(end, match.index), context.at), replacement(match, context, depth));
    end = match.index + match[0].length;
  }
  parts.push(literal(template.slice(end), context.at));
  return concat(parts, context.at);
}

function replacement(match: RegExpMatchArray, context: TemplateContext, depth: number): Traced {
  const [whole, escaped, named, braced] = match;
  if (escaped !== undefined) return literal("$", context.at);
  if (named !== undefined) return plain(named, context);
  if (braced === undefined || depth > deepest) {
    context.invalid?.();
    return literal(whole, context.at);
  }
  // The pattern is greedy: behind the first variable's brace there may be text, and more variables.
  const close = closingBrace(whole);
  const inner = close < 0 ? braced : whole.slice(2, close);
  const parts = nameAndRest.exec(inner);
  if (parts?.[1] === undefined || parts[2] === undefined) return plain(inner, context);
  const rest = close < 0 ? "" : whole.slice(close + 1);
  return concat(
    [operation(parts[1], parts[2], parts[3] ?? "", context, depth), substitute(rest, context, depth + 1)],
    context.at,
  );
}

function plain(name: string, context: TemplateContext): Traced {
  const value = context.lookup(name);
  if (value === undefined) context.unset?.(name);
  return value === undefined ? literal("", context.at) : suppliedBy(name, value);
}

function operation(name: string, operator: string, text: string, context: TemplateContext, depth: number): Traced {
  const value = context.lookup(name);
  const present = value !== undefined && !(operator.startsWith(":") && value.text === "");
  const otherwise = (): Traced => suppliedBy(name, substitute(text, context, depth + 1));
  switch (operator.at(-1)) {
    case "-":
      return present ? suppliedBy(name, value) : otherwise();
    case "+":
      return present ? substitute(text, context, depth + 1) : (value ?? literal("", context.at));
    default:
      if (present) return suppliedBy(name, value);
      context.required?.(name);
      return literal("", context.at);
  }
}

/** Where the brace closes that the text opens at 1; -1 if nowhere. */
function closingBrace(text: string): number {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "}") {
      open--;
      if (open === 0) return at;
    } else if (text[at] === "{") {
      open++;
      at++;
    }
  }
  return -1;
}
