import { classifyName } from "./names.ts";
import { isRandom } from "./entropy.ts";
import { namedSecret } from "./named.ts";
import { unquote } from "./values.ts";

/** `name=value` and `name: value` inside a text: connection strings, flags, properties, environment lines, INI, YAML. */

const pairLimit = 2048;
const nameChar = /[\w.-]/;

/** The name that ends before `end`, with blanks and a quote skipped. */
function nameBefore(text: string, end: number): string {
  let stop = end;
  while (stop > 0 && end - stop < 4 && /[\s"'\])]/.test(text[stop - 1] ?? "")) stop--;
  let start = stop;
  while (start > 0 && stop - start < 120 && nameChar.test(text[start - 1] ?? "")) start--;
  return text.slice(start, stop).replace(/^-+D?/, "");
}

/** The value that starts at `start`: quoted, or up to a blank or separator (up to `;` in a connection string). */
function valueAfter(text: string, start: number, separator: RegExp): string {
  let from = start;
  while (from < text.length && from - start < 8 && (text[from] === " " || text[from] === "\t")) from++;
  const quote = text[from];
  const window = text.slice(from, from + 4096);
  if (quote === '"' || quote === "'") {
    const close = window.indexOf(quote, 1);
    if (close > 0) return window.slice(1, close);
  }
  const end = window.search(separator);
  return end < 0 ? window : window.slice(0, end);
}

/** Is any pair in the text a secret by its name? */
export function pairSecret(owner: string, text: string): boolean {
  const headers = /headers?$/i.test(owner);
  if (!text.includes("=") && !text.includes(":") && !/\n/.test(text)) return false;
  const separator = text.includes(";") ? /[;\n]/ : /[\s,&)]/;
  let count = 0;
  for (let at = text.indexOf("="); at >= 0 && count < pairLimit; at = text.indexOf("=", at + 1)) {
    count++;
    if (/[=<>!~]/.test(text[at + 1] ?? "") || text[at - 1] === "=") continue;
    const name = nameBefore(text, at);
    if (name === "") continue;
    const value = valueAfter(text, at + 1, separator);
    if (isNamed(name) && pairValue(name, value)) return true;
    if (
      name === "user" &&
      /^[\w.-]+:(?!\d+$)[^\s/:]{3,}$/.test(value) &&
      namedSecret("BASIC_AUTH", value) !== undefined
    )
      return true;
    if (headers && /-/.test(name) && classifyName(name) === "neutral" && isRandom(value, 20)) return true;
  }
  return (text.includes("\n") && lineSecret(text)) || quotedSecret(text);
}

function isNamed(name: string): boolean {
  const kind = classifyName(/^PWD$/.test(name) ? "password" : name);
  return (
    kind === "password" ||
    kind === "secret" ||
    kind === "auth" ||
    kind === "key" ||
    (kind === "loose" && /_/.test(name))
  );
}

function pairValue(name: string, value: string): boolean {
  const text = unquote(value).replace(/["']+$/, "");
  return (
    text !== "" &&
    !/^(?:[({[<]?[\\$]|\[\^|\.[*+]|\(\?)/.test(text) &&
    namedSecret(/^PWD$/.test(name) ? "password" : name, text) !== undefined
  );
}

/** Lines of YAML and of configuration files: `password: x`, `requirepass x`. */
function lineSecret(text: string): boolean {
  for (const line of text.split("\n", pairLimit)) {
    const yaml = /^[\s-]{0,80}["']?([\w.-]{2,80})["']?\s{0,4}:\s{1,4}(\S.{0,4096})$/.exec(line);
    if (yaml?.[1] !== undefined && isNamed(yaml[1]) && pairValue(yaml[1], (yaml[2] ?? "").replace(/\s#.*$/, "")))
      return true;
    const conf =
      /^\s{0,40}(requirepass|masterauth|password|secret|auth-token|static-auth-secret)\s{1,4}(\S{1,256})\s*$/.exec(
        line,
      );
    if (conf?.[1] !== undefined && pairValue(conf[1], conf[2] ?? "")) return true;
  }
  return false;
}

/** `"password": "x"` in text that looks like JSON but is not. */
function quotedSecret(text: string): boolean {
  for (const match of text.matchAll(/["']([\w.-]{2,80})["']\s{0,4}(?::|=>)\s{0,4}(["'])([^"'\n]{1,1024})\2/g)) {
    if (isNamed(match[1] ?? "") && pairValue(match[1] ?? "", match[3] ?? "")) return true;
  }
  return false;
}
