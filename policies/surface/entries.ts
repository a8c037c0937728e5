import { child } from "../model/paths.ts";
import { isRecord, isUnknown } from "../model/properties.ts";
import { fromBase64, fromJson } from "./encodings.ts";

/** A value with the name that it was written under: an environment variable, a property, a flag, a header. */
export interface Entry {
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

/** Encodings inside encodings are followed this far: base64 of JSON of `KEY=VALUE` lines is three. */
const deepest = 6;
/** A tree deeper than this is no configuration, and may have no end. */
const deepestTree = 64;

/**
 * Everything in a tree that is named and could hold a secret, in whatever way it is written: maps, lists of
 * `{ name, value }`, `KEY=VALUE` texts and lines, flags and the arguments after them, JSON and base64 inside texts.
 * The same value may come under several names; unknown values don't come at all.
 */
export function entriesOf(tree: unknown, name = ""): readonly Entry[] {
  const found: Entry[] = [];
  visit(tree, { path: "", name, found, decoded: 0, depth: 0 });
  return found;
}

interface Place {
  readonly path: string;
  readonly name: string;
  readonly found: Entry[];
  readonly decoded: number;
  readonly depth: number;
}

function visit(value: unknown, place: Place): void {
  if (isUnknown(value) || place.depth > deepestTree) return;
  if (typeof value === "string") visitText(value, place);
  else if (Array.isArray(value)) visitList(value as unknown[], place);
  else if (isRecord(value)) visitRecord(value, place);
}

function visitRecord(record: Record<string, unknown>, place: Place): void {
  const named = namedValue(record);
  Object.entries(record).forEach(([key, value], position) => {
    const name = named !== undefined && key === named.key ? named.name : key;
    visit(value, { ...place, path: child(place.path, key, position), name, depth: place.depth + 1 });
  });
}

const nameKeys = ["name", "key", "label", "Name", "Key"];
const valueKeys = ["value", "Value"];

/** `{ name: "DB_PASSWORD", value: … }`, as lists of variables, labels and tags are written. */
function namedValue(record: Record<string, unknown>): { readonly name: string; readonly key: string } | undefined {
  const key = valueKeys.find((candidate) => Object.hasOwn(record, candidate));
  const name = nameKeys.map((candidate) => record[candidate]).find((candidate) => typeof candidate === "string");
  return key === undefined || typeof name !== "string" || isUnknown(name) ? undefined : { name, key };
}

function visitList(list: readonly unknown[], place: Place): void {
  list.forEach((item, index) => {
    const path = child(place.path, index);
    const flag = index > 0 ? flagOf(list[index - 1]) : undefined;
    const isArgument = flag !== undefined && typeof item === "string" && !item.startsWith("-");
    visit(item, { ...place, path, name: isArgument ? flag : place.name, depth: place.depth + 1 });
  });
}

/** The name of an argument that is only a flag, such as `--password`. */
function flagOf(argument: unknown): string | undefined {
  return typeof argument === "string" ? /^--?([A-Za-z][\w-]*)$/.exec(argument)?.[1] : undefined;
}

function visitText(text: string, place: Place): void {
  if (text === "") return;
  const add = (name: string, value: string) => {
    if (value !== "") place.found.push({ path: place.path, name, value });
  };
  const pairs = pairsIn(text);
  for (const { name, value } of pairs) add(name, value);
  const isOnePair = pairs.length === 1 && pairs[0]?.whole === true;
  if (!isOnePair) add(place.name, text);
  if (place.decoded >= deepest) return;
  const deeper = { ...place, decoded: place.decoded + 1, depth: place.depth + 1 };
  const json = fromJson(text);
  if (json !== undefined) visit(json, deeper);
  const inside = fromBase64(text) ?? (isOnePair ? fromBase64(pairs[0]?.value ?? "") : undefined);
  if (inside !== undefined) visitText(inside, { ...deeper, name: pairs[0]?.name ?? place.name });
}

interface Pair {
  readonly name: string;
  readonly value: string;
  /** Whether the pair is the whole text. */
  readonly whole: boolean;
}

const assignment = /^\s*(?:export\s+|-\s+|set\s+)?["']?([A-Za-z_][\w.-]*)["']?\s*(?:=|:\s)\s*(.*?)\s*$/;
const inline = /(?:^|[\s;&|"'])(?:--?)?([A-Za-z_][\w.-]*)=("[^"]*"|'[^']*'|[^\s;&|]+)/g;
const flagged = /(?:^|[\s;&|"'])--?([A-Za-z][\w-]*)\s+("[^"]*"|'[^']*'|[^\s;&|-][^\s;&|]*)/g;

/** The assignments, flags and headers written in a text, line by line. */
function pairsIn(text: string): readonly Pair[] {
  if (!/[=:]|--?[A-Za-z]/.test(text) || text.includes("-----BEGIN")) return [];
  const lines = text.split(/\r?\n/);
  return lines.flatMap((line): Pair[] => {
    const [, name, value] = assignment.exec(line) ?? [];
    const whole = lines.length === 1;
    const one = name !== undefined && value !== undefined ? [{ name, value: unquoted(value), whole }] : [];
    // A URL or a JSON text is a value of its own; a command may hold several pairs.
    if (/^\s*(?:[a-z][a-z0-9+.-]*:\/\/|[[{])/i.test(line) || !/\s/.test(line.trim())) {
      return line.startsWith("--") ? [...pairsOf(inline, line)] : one;
    }
    return [...one, ...pairsOf(inline, line), ...pairsOf(flagged, line)];
  });
}

function pairsOf(pattern: RegExp, line: string): readonly Pair[] {
  return [...line.matchAll(pattern)].map(([, name = "", value = ""]) => ({
    name,
    value: unquoted(value),
    whole: false,
  }));
}

function unquoted(text: string): string {
  const [, quote, inner] = /^(["'])(.*)\1,?$/s.exec(text) ?? [];
  return quote === undefined || inner === undefined ? text : inner;
}
