import { child } from "../model/paths.ts";
import { isRecord, isUnknown } from "../model/properties.ts";
import { fromPercent, fromShell } from "../surface/encodings.ts";

/** A text of a tree in one of its readings, with its path. */
export interface Reading {
  readonly path: string;
  readonly text: string;
}

/** Encodings inside encodings are followed this far. */
const deepest = 3;
const deepestTree = 64;

/**
 * Every text in a tree, keys of maps included, in every way it can be read: as it is, and decoded from percent, shell
 * and JSON escapes, base64, base64url and hexadecimal at any offset. Neighbours in a list are also read as one.
 */
export function* readings(tree: unknown, path = "", depth = 0): Generator<Reading> {
  if (depth > deepestTree || isUnknown(tree)) return;
  if (typeof tree === "string") yield* decodings(tree, path, 0);
  else if (Array.isArray(tree)) {
    const list = tree as readonly unknown[];
    for (const [index, item] of list.entries()) yield* readings(item, child(path, index), depth + 1);
    yield* joined(list, path);
  } else if (isRecord(tree)) {
    for (const [position, [key, value]] of Object.entries(tree).entries()) {
      const inner = child(path, key, position);
      yield* decodings(key, inner, 0);
      yield* readings(value, inner, depth + 1);
    }
    yield* joined(Object.values(tree), path);
  }
}

/** A value split into neighbours, however short the pieces are. */
function* joined(list: readonly unknown[], path: string): Generator<Reading> {
  const texts = list.filter((item): item is string => typeof item === "string" && !isUnknown(item));
  if (texts.length < 2) return;
  yield { path, text: texts.join("") };
  // Pieces behind a name: `A=first`, `B=second`.
  const values = texts.map((text) => text.replace(/^-{0,2}[A-Za-z_][\w.-]*=/, ""));
  if (values.some((value, index) => value !== texts[index])) yield { path, text: values.join("") };
}

function* decodings(text: string, path: string, depth: number): Generator<Reading> {
  if (text.length < 8) return;
  yield { path, text };
  if (depth === deepest) return;
  for (const decoded of [fromPercent(text), fromShell(text), withoutBreaks(text)]) {
    if (decoded !== undefined && decoded !== text) yield* decodings(decoded, path, depth + 1);
  }
  for (const [run] of text.matchAll(base64Run)) yield* fromRun(run, path, depth);
  for (const [run] of text.matchAll(hexRun))
    yield* decodings(Buffer.from(run, "hex").toString("latin1"), path, depth + 1);
}

const base64Run = /[A-Za-z0-9+/_-]{11,}/g;
const hexRun = /(?:[0-9a-fA-F]{2}){8,}/g;

/** A run may begin anywhere in the encoded bytes, so it is read from each of the four offsets. */
function* fromRun(run: string, path: string, depth: number): Generator<Reading> {
  for (let offset = 0; offset < 4; offset += 1) {
    const decoded = Buffer.from(offset === 0 ? run : run.slice(offset), "base64").toString("latin1");
    // Bytes that are no text at all lead no further; one reading of them is enough to search in.
    if (/[\x20-\x7e]{8}/.test(decoded))
      yield* decodings(decoded, path, /^[\t\n\r\x20-\x7e]*$/.test(decoded) ? depth + 1 : deepest);
  }
}

/** Long values are wrapped, in PEM and MIME. */
function withoutBreaks(text: string): string | undefined {
  return text.includes("\n") ? text.replace(/\s*\n\s*/g, "") : undefined;
}
