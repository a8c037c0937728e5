import type { Lookup } from "./template.ts";
import { substitute } from "./template.ts";
import type { Place, Problem, Traced } from "./traced.ts";
import { literal } from "./traced.ts";

const blank = /[\t\v\f\r \u0085\u00a0]/;
const escapes = /\\(?:[abcfnrtv$"\\]|0\d{0,3})/g;
const escaped: Readonly<Record<string, string>> = {
  "\\a": "\u0007",
  "\\b": "\b",
  "\\f": "\f",
  "\\n": "\n",
  "\\r": "\r",
  "\\t": "\t",
  "\\v": "\v",
  '\\"': '"',
  "\\\\": "\\",
  "\\$": "$$",
};

/** How a `.env` file is read. */
export interface DotenvOptions {
  readonly file: string;
  /** Variables that its values may name, before those of the file itself. */
  readonly lookup: Lookup;
  /** Variables of files that were read before; the file's own are added. */
  readonly variables: Map<string, Traced>;
  /** `raw`: everything behind `=` is the value, as it stands. */
  readonly format?: "raw";
  readonly unset?: (name: string, at: Place) => void;
}

/**
 * Reads a `.env` file by the rules of the compose specification: `export`, quotes that may span lines, escapes, comments
 * behind a blank, `NAME` alone taken from outside, and variables in values. All problems are answered; what can be read is.
 */
export function parseDotenv(text: string, options: DotenvOptions): Problem[] {
  return new Parser(text.replace(/^\ufeff/, ""), options).run();
}

class Parser {
  private readonly text: string;
  private readonly options: DotenvOptions;
  private readonly problems: Problem[] = [];
  private at = 0;

  constructor(text: string, options: DotenvOptions) {
    this.text = text;
    this.options = options;
  }

  run(): Problem[] {
    while (this.toStatement()) {
      if (this.options.format === "raw") this.raw();
      else this.statement();
    }
    return this.problems;
  }

  /** Skips blanks, line ends and comments. */
  private toStatement(): boolean {
    for (;;) {
      while (this.at < this.text.length && /\s|\u0085/.test(this.text[this.at] ?? "")) this.at++;
      if (this.text[this.at] !== "#") return this.at < this.text.length;
      this.at = this.endOfLine();
    }
  }

  private raw(): void {
    const line = this.text.slice(this.at, this.endOfLine()).replace(/\r$/, "");
    const equals = line.indexOf("=");
    if (equals < 0) this.fromOutside(line);
    else this.set(line.slice(0, equals), literal(line.slice(equals + 1), this.place()));
    this.at = this.endOfLine();
  }

  private statement(): void {
    const prefix = /^export\s+/.exec(this.text.slice(this.at, this.at + 64))?.[0];
    if (prefix !== undefined) this.at += prefix.length;
    const start = this.at;
    while (this.at < this.text.length && !/[=:\n]/.test(this.text[this.at] ?? "")) {
      const char = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
      if (!blank.test(char) && !/^[_.\-[\]\p{L}\p{N}]$/u.test(char)) {
        this.fail("a character in a variable's name that can't be there, or a line that is no assignment");
        return;
      }
      this.at += char.length;
    }
    const name = this.text.slice(start, this.at).trimEnd();
    if (name.includes(" ")) this.fail("a variable's name with a blank in it, or a line that is no assignment");
    else if (this.at >= this.text.length || this.text[this.at] === "\n") this.fromOutside(name);
    else {
      this.at++;
      while (blank.test(this.text[this.at] ?? "")) this.at++;
      this.value(name);
    }
  }

  private value(name: string): void {
    const quote = this.text[this.at];
    if (quote === '"' || quote === "'") this.quoted(name, quote);
    else {
      const at = this.place();
      const end = this.endOfLine();
      const line = this.text.slice(this.at, end);
      const comment = line.indexOf(" #");
      this.at = end;
      this.set(name, this.expand((comment < 0 ? line : line.slice(0, comment)).trimEnd(), at));
    }
  }

  private quoted(name: string, quote: string): void {
    const at = this.place();
    let value = "";
    for (let index = this.at + 1; index < this.text.length; index++) {
      const char = this.text[index] ?? "";
      if (char === "\\" && index + 1 < this.text.length) {
        const next = this.text[++index] ?? "";
        value += next === quote ? next : `\\${next}`;
      } else if (char === quote) {
        this.at = index + 1;
        this.set(name, quote === '"' ? this.expand(unescape(value), at) : literal(value, at));
        return;
      } else value += char;
    }
    this.fail("a quote that is not closed");
  }

  private expand(value: string, at: Place): Traced {
    const { lookup, variables, unset } = this.options;
    return substitute(value, {
      at,
      lookup: (name) => lookup(name) ?? variables.get(name),
      unset: (name) => unset?.(name, at),
      required: (name) => {
        this.problems.push({ ...at, reason: `the required variable ${name} has no value` });
      },
      invalid: () => {
        this.problems.push({ ...at, reason: "a ${ that is no variable" });
      },
    });
  }

  private fromOutside(name: string): void {
    const value = this.options.lookup(name);
    if (value !== undefined) this.set(name, value);
  }

  private set(name: string, value: Traced): void {
    this.options.variables.set(name, value);
  }

  /** Notes a problem, and goes on behind the line. */
  private fail(reason: string): void {
    this.problems.push({ ...this.place(), reason });
    this.at = this.endOfLine();
  }

  private place(): Place {
    let line = 1;
    for (let at = this.text.indexOf("\n"); at >= 0 && at < this.at; at = this.text.indexOf("\n", at + 1)) line++;
    return { file: this.options.file, line };
  }

  private endOfLine(): number {
    const end = this.text.indexOf("\n", this.at);
    return end < 0 ? this.text.length : end;
  }
}

function unescape(text: string): string {
  return text.replace(escapes, (match) => {
    if (!match.startsWith("\\0")) return escaped[match] ?? match;
    const octal = /^\\0([0-7]{3})$/.exec(match)?.[1];
    const code = octal === undefined ? NaN : Number.parseInt(octal, 8);
    return code <= 255 ? String.fromCodePoint(code) : match;
  });
}
