/** Where a text stands: a file, and a line from 1. Line 0 is the file as a whole. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** A part of a text that a variable supplied, and where the variable's value stands. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly variable: string;
  readonly at: Place;
}

/** A text with the places that its parts come from. Spans may lie inside one another: a variable may be made of others. */
export interface Traced {
  readonly text: string;
  readonly at: Place;
  readonly spans: readonly Span[];
}

/** Something that could not be read, or that compose itself would refuse. The reason never quotes a value. */
export interface Problem extends Place {
  readonly reason: string;
}

/** A text that was written where it stands. */
export function literal(text: string, at: Place): Traced {
  return { text, at, spans: [] };
}

/** Texts one behind the other. */
export function concat(parts: readonly Traced[], at: Place): Traced {
  let text = "";
  const spans: Span[] = [];
  for (const part of parts) {
    for (const span of part.spans) spans.push(shifted(span, text.length));
    text += part.text;
  }
  return { text, at, spans };
}

/** The text as the value of a variable. */
export function suppliedBy(variable: string, value: Traced): Traced {
  if (value.text === "") return value;
  return { ...value, spans: [{ start: 0, end: value.text.length, variable, at: value.at }, ...value.spans] };
}

/** A part of a text. */
export function slice(traced: Traced, start: number, end = traced.text.length): Traced {
  const spans = traced.spans
    .filter((span) => span.start >= start && span.end <= end)
    .map((span) => shifted(span, -start));
  return { text: traced.text.slice(start, end), at: traced.at, spans };
}

function shifted(span: Span, by: number): Span {
  return { ...span, start: span.start + by, end: span.end + by };
}
