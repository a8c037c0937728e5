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
  if (!/[=:\n]|^\s*\w+\s+\S+\s+\S+$|<\/|["'],/.test(text)) return false;
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
  return (
    (text.includes("\n") && lineSecret(text)) || directiveSecret(text) || elementSecret(text) || quotedSecret(text)
  );
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

/** `SetEnv DB_PASSWORD x`, `fastcgi_param API_KEY x;`, `ENV TOKEN x`: a directive, a name and its value. */
function directiveSecret(line: string): boolean {
  const match =
    /^\s{0,40}(?:SetEnv|fastcgi_param|uwsgi_param|proxy_set_header|env|ENV|ARG|setx?)\s{1,4}["']?([\w.-]{2,80})["']?\s{1,8}(\S{1,1024}?);?\s*$/.exec(
      line,
    );
  return match?.[1] !== undefined && isNamed(match[1]) && pairValue(match[1], match[2] ?? "");
}

/** `<password>x</password>`. */
function elementSecret(text: string): boolean {
  for (const match of text.matchAll(/<([A-Za-z][\w.-]{1,79})>([^<>\n]{1,1024})<\/\1>/g)) {
    if (isNamed(match[1] ?? "") && pairValue(match[1] ?? "", match[2] ?? "")) return true;
  }
  return false;
}

/** Lines of YAML and of configuration files: `password: x`, `requirepass x`. */
function lineSecret(text: string): boolean {
  // A list of `user:password` that cloud-init or a shell gives to chpasswd.
  const chpasswd = /\bchpasswd\b/.test(text);
  for (const line of text.split("\n", pairLimit)) {
    const yaml = /^[\s-]{0,80}["']?([\w.-]{2,80})["']?\s{0,4}:\s{1,4}(\S.{0,4096})$/.exec(line);
    if (yaml?.[1] !== undefined && isNamed(yaml[1]) && pairValue(yaml[1], (yaml[2] ?? "").replace(/\s#.*$/, "")))
      return true;
    const conf =
      /^\s{0,40}(requirepass|masterauth|password|secret|auth-token|static-auth-secret)\s{1,4}(\S{1,256})\s*$/.exec(
        line,
      );
    if (conf?.[1] !== undefined && pairValue(conf[1], conf[2] ?? "")) return true;
    if (directiveSecret(line)) return true;
    if (chpasswd && /^\s{0,40}(?:-\s)?["']?[a-z_][\w-]{0,31}:(?!R["']?$|RANDOM\b)[^\s:]{3,256}$/.test(line))
      return true;
  }
  return false;
}

/** `"password": "x"` in text that looks like JSON but is not, `password: 'x'` in JavaScript, `define('AUTH_KEY', 'x')` in PHP. */
function quotedSecret(text: string): boolean {
  const forms = [
    /["']([\w.-]{2,80})["']\s{0,4}(?::|=>|,)\s{0,4}(["'])([^"'\n]{1,1024})\2/g,
    /[{,\s]([A-Za-z_]\w{1,79}):\s{0,4}(["'])([^"'\n]{1,1024})\2/g,
  ];
  return forms.some((form) =>
    [...text.matchAll(form)].some(([, name = "", , value = ""]) => isNamed(name) && pairValue(name, value)),
  );
}
