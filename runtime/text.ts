/**
 * Checks of a text value (passwords, access keys, tokens). Each returns reasons and fixes and never quotes the value,
 * its length or a character of it. Services in other languages give the same verdicts: `runtime/go` does.
 */
import type { Reason } from "./findings.ts";
import type { EntryFormat } from "./manifest.ts";

export type TextFormat = Extract<EntryFormat, { type: "text" }>;
type Charset = NonNullable<TextFormat["charset"]>;

/** One broken rule of a value; `message` continues the sentence "SECRET generation G …". */
export interface Problem {
  readonly reason: Reason;
  readonly message: string;
}

const CHARSET_PATTERNS: Record<Charset, RegExp> = {
  alphanumeric: /^[A-Za-z0-9]*$/,
  upperAlphanumeric: /^[A-Z0-9]*$/,
  printable: /^[\x21-\x7e]*$/,
};

const CHARSET_SIZES: Record<Charset, number> = { alphanumeric: 62, upperAlphanumeric: 36, printable: 94 };

/** Words of defaults and placeholders, six letters or more: in a random value of any length they do not occur. */
const PLACEHOLDERS = [
  "changeit",
  "changeme",
  "default",
  "dontcare",
  "dummypass",
  "example",
  "goimgdev",
  "hunter2",
  "iloveyou",
  "insecure",
  "letmein",
  "minioadmin",
  "notsecret",
  "password",
  "placeholder",
  "qwerty",
  "replaceme",
  "rustfsadmin",
  "secret123",
  "supersecret",
  "topsecret",
  "yoursecret",
];

/** Shorter ones, refused only as the whole value. */
const DEFAULTS = [
  "admin",
  "adminadmin",
  "goimg",
  "guest",
  "none",
  "null",
  "postgres",
  "redis",
  "root",
  "secret",
].concat(["test", "testtest", "toor", "true", "undefined", "user", "xxx", "todo", "fixme", "redacted"]);

/** Digits and signs that people put in place of letters: p@ssw0rd. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  ...{ "0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t" },
  ...{ "@": "a", $: "s" },
};

const KEYBOARD = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/** Everything that is wrong with a value, in a fixed order. What surrounds the value is reported before its content. */
export function textProblems(bytes: Uint8Array, format: TextFormat): Problem[] {
  const around = encodingProblems(bytes);
  if (around.length > 0) return around;
  const value = Buffer.from(bytes).toString("utf8");
  return [...lengthProblems(value, format), ...charsetProblems(value, format), ...weaknessProblems(value, format)];
}

/** Blank, byte-order mark, not UTF-8, newline or blanks around it, control characters inside. */
export function encodingProblems(bytes: Uint8Array): Problem[] {
  let value: string;
  try {
    value = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return [{ reason: "not-text", message: "is not UTF-8 text; store the value itself, not a binary form of it" }];
  }
  if (/^[\s\0]*$/.test(value)) {
    return [{ reason: "blank", message: "is blank; store a value in this generation or publish a new one" }];
  }
  const problems: Problem[] = [];
  if (value.startsWith("\ufeff")) {
    problems.push({ reason: "bom", message: "starts with a byte-order mark; store it as UTF-8 without one" });
    value = value.slice(1);
  }
  if (/[\r\n]$/.test(value)) {
    problems.push({ reason: "trailing-newline", message: "ends with a newline; store it with printf, not echo" });
    value = value.replace(/[\r\n]+$/, "");
  }
  if (value.trim() !== value) {
    problems.push({ reason: "surrounding-whitespace", message: "has blanks around it; store the value alone" });
    value = value.trim();
  }
  if (/\p{Cc}/u.test(value)) {
    const message = "holds a control character (newline, carriage return, NUL …); store one line of text";
    problems.push({ reason: "control-character", message });
  }
  return problems;
}

function lengthProblems(value: string, format: TextFormat): Problem[] {
  const length = Array.from(value).length;
  if (length < format.minLength) {
    const message = `is shorter than the ${format.minLength} characters it must have; publish a new generation`;
    return [{ reason: "too-short", message }];
  }
  if (format.maxLength !== undefined && length > format.maxLength) {
    const message = `is longer than the ${format.maxLength} characters it may have; store the value alone`;
    return [{ reason: "too-long", message }];
  }
  return [];
}

function charsetProblems(value: string, format: TextFormat): Problem[] {
  if (format.charset === undefined || CHARSET_PATTERNS[format.charset].test(value)) return [];
  return [{ reason: "charset", message: `holds a character that is not ${format.charset}; publish a new generation` }];
}

function weaknessProblems(value: string, format: TextFormat): Problem[] {
  const why = weakness(value, format);
  return why === null ? [] : [{ reason: "weak", message: `is weak: ${why}; publish a new, generated one` }];
}

/** Why a value is weak, or null. A value from a random generator is refused with a chance below one in ten million. */
export function weakness(value: string, format: TextFormat): string | null {
  const lower = value.toLowerCase();
  if (DEFAULTS.includes(lower.replace(/[^a-z]+$/, ""))) return "a well-known default";
  const letters = lower.replaceAll(/[-_. ]/g, "");
  const readable = letters.replaceAll(/[013457@$]/g, (c) => LOOKALIKES[c] ?? c);
  if (PLACEHOLDERS.some((word) => letters.includes(word) || readable.includes(word)))
    return "a default or a placeholder";
  if (isRepetition(value)) return "a repetition";
  if (isSequence(lower)) return "a sequence";
  const characters = Array.from(value);
  const pool = format.charset === undefined ? poolOf(value) : CHARSET_SIZES[format.charset];
  const perCharacter = shannonBits(characters);
  if (characters.length >= 8 && perCharacter < 0.5 * Math.log2(Math.min(pool, characters.length))) return "low entropy";
  const due = format.minEntropyBits ?? 0;
  const bits = characters.length * Math.log2(pool);
  // A value that is too short has its own finding, which says how to fix it.
  if (characters.length >= format.minLength && bits < due)
    return `it can't hold the ${due} bits of entropy that are due`;
  return null;
}

/** The whole value is one shorter part, again and again: aaaa, abcabcabc. */
function isRepetition(value: string): boolean {
  return value.length >= 4 && (value + value).indexOf(value, 1) < value.length;
}

/** Half of the value or more, and four characters at least, run up, down or along the keyboard: abcdefgh, 98765432. */
function isSequence(lower: string): boolean {
  const longest = Math.max(longestRun(lower, alphabetStep), longestRun(lower, keyboardStep));
  return longest >= 4 && longest * 2 >= lower.length;
}

/** Length of the longest part in which each character follows (1) or precedes (-1) the one before it. */
function longestRun(lower: string, stepBetween: (a: string, b: string) => number): number {
  let run = 1;
  let longest = 1;
  let direction = 0;
  for (let i = 1; i < lower.length; i++) {
    const step = stepBetween(lower.charAt(i - 1), lower.charAt(i));
    run = step === 0 ? 1 : step === direction ? run + 1 : 2;
    direction = step;
    longest = Math.max(longest, run);
  }
  return longest;
}

function alphabetStep(a: string, b: string): number {
  const step = b.charCodeAt(0) - a.charCodeAt(0);
  return Math.abs(step) === 1 && /^[a-z0-9]{2}$/.test(a + b) ? step : 0;
}

function keyboardStep(a: string, b: string): number {
  if (KEYBOARD.some((row) => row.includes(a + b))) return 1;
  return KEYBOARD.some((row) => row.includes(b + a)) ? -1 : 0;
}

/** Entropy of one character under the value's own distribution, in bits. */
function shannonBits(characters: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const c of characters) counts.set(c, (counts.get(c) ?? 0) + 1);
  return [...counts.values()].reduce((sum, n) => sum - (n / characters.length) * Math.log2(n / characters.length), 0);
}

/** Size of the alphabet that a value of no declared charset was drawn from, by the classes that occur in it. */
function poolOf(value: string): number {
  const classes: [RegExp, number][] = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[0-9]/, 10],
    [/[^A-Za-z0-9]/, 32],
  ];
  return classes.reduce((sum, [pattern, size]) => (pattern.test(value) ? sum + size : sum), 0);
}
