/** Ways in which a text is written inside another one. Each answers undefined where it surely is not. */

/** Shorter base64 is as often a word. */
const shortestBase64 = 12;
const printable = /^[\t\n\r\x20-\x7e\u00a0-\uffff]*$/;

/** The text that a whole string is the base64 of (or base64url), if that is readable text. */
export function fromBase64(text: string): string | undefined {
  const compact = text.trim();
  if (compact.length < shortestBase64 || !/^[A-Za-z0-9+/_\-\r\n]+={0,2}$/.test(compact)) return undefined;
  const decoded = Buffer.from(compact, "base64").toString("utf8");
  return decoded !== "" && !decoded.includes("\ufffd") && printable.test(decoded) ? decoded : undefined;
}

/** The parsed JSON of a string that is an object or a list. */
export function fromJson(text: string): unknown {
  const start = text.trimStart();
  if (!start.startsWith("{") && !start.startsWith("[")) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** `%41` as `A`; malformed escapes stay as they are. */
export function fromPercent(text: string): string | undefined {
  if (!/%[0-9a-fA-F]{2}/.test(text)) return undefined;
  return Buffer.from(
    text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8")),
  ).toString();
}

/** A text without the quotes and backslashes that a shell or JSON takes away. */
export function fromShell(text: string): string | undefined {
  if (!/['"\\]/.test(text)) return undefined;
  return text
    .replace(/\\n/g, "\n")
    .replace(/\\u0026/g, "&")
    .replace(/\\(.)/gs, "$1")
    .replace(/['"]/g, "");
}
