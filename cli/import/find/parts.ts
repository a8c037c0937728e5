import { detect } from "../../../policies/detect/index.ts";
import { classifyName } from "../../../policies/detect/names.ts";
import { parseJson } from "../../../policies/detect/encoded.ts";
import type { Traced } from "../compose/traced.ts";
import { commandFinders, finders, overlaps, type Part } from "./candidates.ts";

/** A secret part of a text, and the detector's rule that says so. */
export interface SecretPart extends Part {
  readonly rule: string;
}

/** Rules that judge a value by its name: then all of it is the secret. */
const whole = /^(?:named-secret|weak-default|high-entropy|private-key|webhook-url|encoded-secret|private-jwk)$/;

/**
 * The parts of a text that are secrets: as few characters as will do. What is left of the text, with a reference in each
 * part's place, is nothing that the detector would call a secret.
 *
 * @param name what the text is called, or nothing for a command; variables in it are judged by their own names too
 * @param known parts that hold a value which is known to be a secret
 */
export function secretParts(name: string, traced: Traced, known: readonly SecretPart[] = []): readonly SecretPart[] {
  const { text } = traced;
  const variables = fromVariables(traced);
  const unmasked = variables.length === 0 ? judged(name, text, []) : undefined;
  if (unmasked !== undefined && isWhole(name, text, unmasked))
    return [{ start: 0, end: text.length, kind: "raw", rule: unmasked }];
  const fixed = [...variables, ...known.filter((part) => !variables.some((each) => overlaps(each, part)))];
  const rule = judged(name, text, fixed);
  if (rule === undefined) return fixed.sort((a, b) => a.start - b.start);
  const full: SecretPart = { start: 0, end: text.length, kind: "raw", rule };
  if (fixed.some(({ start, end }) => start === 0 && end === text.length)) return fixed;
  for (const find of name === "" ? commandFinders : finders) {
    const candidates = find(text).filter((part) => !fixed.some((each) => overlaps(each, part)));
    const found = smallest(name, text, fixed, candidates);
    if (found !== undefined)
      return [...fixed, ...found.map((part) => ({ ...part, rule }))].sort((a, b) => a.start - b.start);
  }
  return [full];
}

/** What variables put into the text, each judged by its own name: innermost first. */
function fromVariables({ text, at, spans }: Traced): SecretPart[] {
  const parts: SecretPart[] = [];
  const inner = [...spans].sort((a, b) => a.end - a.start - (b.end - b.start));
  for (const { start, end, variable } of inner) {
    if (parts.some((each) => overlaps(each, { start, end }))) continue;
    const found = secretParts(variable, { text: text.slice(start, end), at, spans: [] });
    const inUrl = /:\/\/[^\s/]*$/.test(text.slice(0, start)) || /:\/\/\S*[?&][\w.-]+=$/.test(text.slice(0, start));
    for (const part of found)
      parts.push({
        ...part,
        kind: part.kind === "raw" && inUrl ? "url" : part.kind,
        start: part.start + start,
        end: part.end + start,
      });
  }
  return parts.sort((a, b) => a.start - b.start);
}

function isWhole(name: string, text: string, rule: string): boolean {
  if (parseJson(text) !== undefined || /^[a-z][\w+.-]*:\/\//i.test(text) || /^jdbc:/i.test(text)) return false;
  const kind = classifyName(name);
  return whole.test(rule) || kind === "password" || kind === "secret";
}

/** Candidates without which the text would still hold a secret; undefined if all of them together are not enough. */
function smallest(
  name: string,
  text: string,
  fixed: readonly Part[],
  candidates: readonly Part[],
): readonly Part[] | undefined {
  if (candidates.length === 0) return undefined;
  let kept = candidates;
  if (judged(name, text, [...fixed, ...kept]) !== undefined) return undefined;
  for (const candidate of candidates) {
    const without = kept.filter((part) => part !== candidate);
    if (judged(name, text, [...fixed, ...without]) === undefined) kept = without;
  }
  return kept;
}

/** The rule by which a text is a secret, with references in the places of its parts. */
function judged(name: string, text: string, parts: readonly Part[]): string | undefined {
  let masked = "";
  let end = 0;
  for (const part of [...parts].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (part.start < end) continue;
    masked += `${text.slice(end, part.start)}\${SECRET}`;
    end = part.end;
  }
  return detect(name, masked + text.slice(end))?.rule;
}
