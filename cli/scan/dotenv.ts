import type { ScanEntry } from "./entries.ts";
import { UnparseableError } from "./entries.ts";

const assignment = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*(?:=|:\s)\s*/;
const passedThrough = /^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*$/;

/**
 * Reads a `.env` or `.properties` file: `export`, single, double and back quotes (which may span lines), comments.
 * A name without `=` is passed through from the caller's environment and holds nothing.
 * @throws UnparseableError for a quote that is not closed or a line that is no assignment
 */
export function readDotenv(text: string): ScanEntry[] {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const entries: ScanEntry[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (/^\s*(?:[#;!]|$)/.test(line) || passedThrough.test(line)) continue;
    const match = assignment.exec(line);
    if (match?.[1] === undefined) throw new UnparseableError(at + 1, "not an assignment");
    const { value, last } = readValue(lines, at, match[0].length);
    entries.push({ line: at + 1, service: undefined, name: match[1], value });
    at = last;
  }
  return entries;
}

/** The value that starts in a line at a column, and the line it ends in. */
function readValue(lines: readonly string[], start: number, column: number): { value: string; last: number } {
  const first = (lines[start] ?? "").slice(column);
  const quote = first[0];
  if (quote !== '"' && quote !== "'" && quote !== "`") {
    return { value: first.replace(/\s+#.*$/, "").trim(), last: start };
  }
  let text = first.slice(1);
  for (let last = start; ; last++) {
    const end = closing(text, quote);
    if (end >= 0) {
      const value = text.slice(0, end);
      return { value: quote === '"' ? value.replace(/\\n/g, "\n").replace(/\\(["\\$])/g, "$1") : value, last };
    }
    if (last + 1 >= lines.length) throw new UnparseableError(start + 1, "a quote that is not closed");
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
