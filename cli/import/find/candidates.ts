/** A part of a text that may be a secret. */
export interface Part {
  readonly start: number;
  readonly end: number;
  /** How its characters are encoded where they stand. */
  readonly kind: "raw" | "url" | "json";
}

type Finder = (text: string) => readonly Part[];

const limit = 512;

/** The parts of a text that may be secrets, in sets from the finest to the coarsest. */
export const finders: readonly Finder[] = [
  urlPasswords,
  urlParts,
  jsonStrings,
  pairValues,
  userPasswords,
  quoted,
  headers,
  words,
];

/** The same for a command: its words come first. */
export const commandFinders: readonly Finder[] = [urlPasswords, urlParts, words, pairValues, headers, quoted];

function all(text: string, pattern: RegExp, kind: Part["kind"], group = 1): Part[] {
  const parts: Part[] = [];
  for (const match of text.matchAll(pattern)) {
    const found = match.indices?.[group];
    if (found !== undefined && found[1] > found[0]) parts.push({ start: found[0], end: found[1], kind });
    if (parts.length >= limit) break;
  }
  return parts;
}

/** `scheme://user:PASSWORD@host`; a password may hold what ought to be encoded. */
function urlPasswords(text: string): Part[] {
  return all(text, /:\/\/[^\s:/@"'`<>]*:([^\s"'`<>]*?)@(?=[^\s@/]*(?:[/?#,\s"'`]|$))/dg, "url");
}

/** A password and secret parameters, and a token in the place of the user. */
function urlParts(text: string): Part[] {
  return [
    ...urlPasswords(text),
    ...all(text, /:\/\/([^\s:/@"'`<>]+):?@/dg, "url"),
    ...all(text, /[?&;][\w.-]+=([^\s&;#"'`<>]+)/dg, "url"),
  ];
}

function jsonStrings(text: string): Part[] {
  if (!/^\s*[[{]/.test(text)) return [];
  return all(text, /[:[,]\s*"((?:[^"\\]|\\.)*)"(?!\s*:)/dg, "json");
}

/** `name=value`, `name: value`, `name value` on a line of its own; up to `;` in a connection string. */
function pairValues(text: string): Part[] {
  const separated = text.includes(";")
    ? /[\w.)\]"'-]\s?=\s*["']?([^;\n"']+)/dg
    : /[\w.)\]"'-]\s?=\s*["']?([^\s,&"']+)/dg;
  return merged([
    ...all(text, separated, "raw"),
    ...all(text, /^[\s-]*["']?[\w.-]+["']?\s*:\s+["']?(.+?)["']?\s*$/dgm, "raw"),
    ...all(text, /^\s*[\w.-]+\s+(\S+)\s*$/dgm, "raw"),
  ]);
}

/** `user:password`, `user/password`; also before an `@`. */
function userPasswords(text: string): Part[] {
  return merged([
    ...all(text, /(?:^|[\s"'=,])[\w.@%+-]{1,64}[:/]([^\s"',]+?)(?=@(?:tcp|unix)?\(?[\w.-]+[:)/])/dg, "raw"),
    ...all(text, /(?:^|[\s"'=,])[\w.@%+-]{1,64}[:/]([^\s"',]+)/dg, "raw"),
  ]);
}

function quoted(text: string): Part[] {
  return [...all(text, /'([^'\n]+)'/dg, "raw"), ...all(text, /"([^"\n]+)"/dg, "raw")];
}

/** `Authorization: Bearer TOKEN`, `X-Api-Key: TOKEN`. */
function headers(text: string): Part[] {
  return merged([
    ...all(text, /\b(?:basic|bearer|token|apikey|negotiate)(?:\s+|%20)([\w.~+/=:%-]+)/dgi, "raw"),
    ...all(text, /[\w-]+:\s{0,4}([^\s"',;]+)/dg, "raw"),
  ]);
}

/** Words of a command: also what is glued to a short flag, or follows `--flag=` or `user:`. */
function words(text: string): Part[] {
  const parts: Part[] = [];
  for (const match of text.matchAll(/[^\s"'`|;&()]+/g)) {
    const [word] = match;
    const skip = /^(?:-{0,2}[\w.-]+=|-[a-zA-Z](?=[^-\s])|[\w.@-]+:(?=\S)|pass:)/.exec(word)?.[0].length ?? 0;
    if (word.startsWith("--") && skip === 0) continue;
    // The coarser part first: it goes when the finer one is enough.
    if (skip > 0) parts.push({ start: match.index, end: match.index + word.length, kind: "raw" });
    if (word.length > skip) parts.push({ start: match.index + skip, end: match.index + word.length, kind: "raw" });
    if (parts.length >= limit) break;
  }
  return parts;
}

/** Parts that do not overlap an earlier one. */
function merged(parts: readonly Part[]): Part[] {
  const kept: Part[] = [];
  for (const part of parts) if (!kept.some((each) => overlaps(each, part))) kept.push(part);
  return kept;
}

/** Do two parts share a character? */
export function overlaps(one: { start: number; end: number }, other: { start: number; end: number }): boolean {
  return one.start < other.end && other.start < one.end;
}
