/** Does text look random? Measures of its letters; every one is linear in the length. */

/** Shannon entropy, bits per character. */
export function shannon(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

function charClass(code: number): number {
  if (code >= 48 && code <= 57) return 0;
  if (code >= 97 && code <= 122) return 1;
  if (code >= 65 && code <= 90) return 2;
  return 3;
}

/** The share of neighbours of different classes (about 0.6 in random base64, 0.3 in camel case) and of steps of one. */
function neighbours(text: string): { changes: number; runs: number } {
  let changes = 0;
  let runs = 0;
  for (let at = 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const last = text.charCodeAt(at - 1);
    if (charClass(code) !== charClass(last)) changes++;
    if (Math.abs(code - last) <= 1) runs++;
  }
  return { changes: changes / (text.length - 1), runs: runs / (text.length - 1) };
}

/** Hexadecimal of at least `minLength` that no one typed. */
export function isRandomHex(text: string, minLength = 32): boolean {
  if (text.length < minLength || text.length > 4096 || !/^(?:[0-9a-f]+|[0-9A-F]+)$/.test(text)) return false;
  return new Set(text).size >= 8 && /\d/.test(text) && /[a-f]/i.test(text) && neighbours(text).runs < 0.4;
}

/** Base64, base64url or base62 of at least `minLength` that no one typed: all three classes, well mixed. */
export function isRandomBase64(text: string, minLength = 32): boolean {
  if (text.length < minLength || text.length > 8192 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return false;
  const body = text.replace(/=+$/, "");
  if (!/[a-z]/.test(body) || !/[A-Z]/.test(body) || !/\d/.test(body)) return false;
  const { changes, runs } = neighbours(body);
  const padded = body.length < text.length && text.length % 4 === 0;
  return (
    changes >= (padded ? 0.25 : 0.38) && runs < 0.25 && shannon(body) >= Math.min(4.6, 0.82 * Math.log2(body.length))
  );
}

/** Upper- or lower-case letters with digits, as access keys and base32 seeds are. */
export function isRandomSingleCase(text: string, minLength = 20): boolean {
  if (text.length < minLength || text.length > 4096 || !/^(?:[a-z0-9]+|[A-Z0-9]+)$/.test(text)) return false;
  const digits = text.replace(/\D/g, "").length;
  const { changes, runs } = neighbours(text);
  return (
    digits >= text.length * 0.1 && digits < text.length * 0.7 && changes >= 0.2 && runs < 0.35 && shannon(text) >= 3.3
  );
}

/** Any printable text without blanks that mixes letters, digits and symbols as a generator does. */
export function isRandomPrintable(text: string, minLength = 20): boolean {
  if (text.length < minLength || text.length > 4096 || /[^\x20-\x7e]/.test(text)) return false;
  const classes = new Set(Array.from(text, (char) => charClass(char.charCodeAt(0))));
  return (
    classes.size >= 3 &&
    neighbours(text).changes >= 0.45 &&
    shannon(text) >= Math.min(4.5, 0.85 * Math.log2(text.length))
  );
}

/** Is the text random by any of the measures at the length? */
export function isRandom(text: string, minLength = 20): boolean {
  return (
    isRandomHex(text, Math.max(minLength, 20)) ||
    isRandomBase64(text, minLength) ||
    isRandomSingleCase(text, minLength) ||
    isRandomPrintable(text, minLength)
  );
}
