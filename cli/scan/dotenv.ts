import type { Reading, ScanEntry, Unreadable } from "./entries.ts";

const assignment = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*(?:=|:\s)\s*/;
const passedThrough = /^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*$/;

/**
 * Reads a `.env` or `.properties` file: `export`, single, double and back quotes (which may span lines), comments.
 * A name without `=` is passed through from the caller's environment and holds nothing.
 * Unreadable are a quote that is not closed and a line that is no assignment.
 */
export function readDotenv(text: string): Reading {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const entries: ScanEntry[] = [];
  const unreadable: Unreadable[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (/^\s*(?:[#;!]|$)/.test(line) || passedThrough.test(line)) continue;
    const match = assignment.exec(line);
    if (match?.[1] === undefined) {
      unreadable.push({ line: at + 1, reason: "not an assignment" });
      continue;
    }
    const { value, last, closed } = readValue(lines, at, match[0].length);
    if (!closed) unreadable.push({ line: at + 1, reason: "a quote that is not closed" });
    entries.push({ line: at + 1, service: undefined, name: match[1], value });
    at = last;
  }
  return { entries, unreadable };
}

/** The value that starts in a line at a column, and the line it ends in. A quote that is not closed ends with its line. */
function readValue(
  lines: readonly string[],
  start: number,
  column: number,
): { readonly value: string; readonly last: number; readonly closed: boolean } {
  const first = (lines[start] ?? "").slice(column);
  const quote = first[0];
  if (quote !== '"' && quote !== "'" && quote !== "`") {
    return { value: first.replace(/\s+#.*$/, "").trim(), last: start, closed: true };
  }
  let text = first.slice(1);
  for (let last = start; ; last++) {
    const end = closing(text, quote);
    if (end >= 0) {
      const value = text.slice(0, end);
      return {
        value: quote === '"' ? value.replace(/\\n/g, "\n").replace(/\\(["\\$])/g, "$1") : value,
        last,
        closed: true,
      };
    }
    if (last + 1 >= lines.length) return { value: first.slice(1).trim(), last: start, closed: false };
    text += `\n${lines[last + 1] ?? ""}`;
  }
}

function closing(text: string, quote: string): number {
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\" && quote === '"') at++;
    else if (text[at] === quote) return at;
  }
  return -1;
}
