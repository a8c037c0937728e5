import { Buffer } from "node:buffer";

/** Base64, JSON Web Tokens, DER and PEM: what an encoded value holds. */

/** The text a base64 or base64url value encodes, when it is printable text. */
export function decodeText(value: string): string | undefined {
  if (value.length < 8 || value.length > 4_000_000 || !/^[A-Za-z0-9+/_\s-]+={0,2}\s*$/.test(value)) return undefined;
  const compact = value.replace(/\s+/g, "");
  if (compact.replace(/=+$/, "").length % 4 === 1) return undefined;
  const bytes = Buffer.from(compact, "base64");
  for (const byte of bytes) {
    if ((byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 127) return undefined;
  }
  const text = bytes.toString("utf8");
  return text.length >= 6 && !text.includes("\ufffd") ? text : undefined;
}

/** PKCS#1, SEC1 or PKCS#8 in DER: a sequence that starts with a small version number, long enough to be a key. */
export function isPrivateDer(value: string): boolean {
  if (!/^M[A-I][A-Za-z0-9+/]{60,}/.test(value)) return false;
  const bytes = Buffer.from(value.slice(0, 64), "base64");
  if (bytes[0] !== 0x30) return false;
  const length = bytes[1] ?? 0;
  const body = length < 0x80 ? 2 : 2 + (length & 0x7f);
  return bytes[body] === 0x02 && bytes[body + 1] === 1 && (bytes[body + 2] ?? 9) <= 1;
}

/** Is base64 text a DER structure that is no private key: a certificate, a public key, a request? */
export function isPublicDer(value: string): boolean {
  if (!/^M[A-I][A-Za-z0-9+/]{60,}/.test(value)) return false;
  const bytes = Buffer.from(value.slice(0, 16), "base64");
  const length = bytes[1] ?? 0;
  return bytes[0] === 0x30 && bytes[length < 0x80 ? 2 : 2 + (length & 0x7f)] === 0x30;
}

/** A private key in PEM, of any kind, with real or written line ends; also PuTTY's form. */
export function isPrivatePem(value: string): boolean {
  return (
    /-----\s?BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/.test(value) ||
    (value.includes("PuTTY-User-Key-File-") && value.includes("Private-Lines:"))
  );
}

/** A signed JSON Web Token whose header and payload are JSON; one that Supabase publishes (`role: anon`) is not meant. */
export function isJwt(value: string): boolean {
  for (const match of value.matchAll(/(?<![\w-])(ey[\w-]{8,4096})\.(ey[\w-]{2,16384})\.[\w-]{16,4096}/g)) {
    const header = parse(decodeText(match[1] ?? ""));
    const payload = parse(decodeText(match[2] ?? ""));
    if (
      header !== undefined &&
      "alg" in header &&
      (payload === undefined || !("role" in payload) || payload["role"] !== "anon")
    )
      return true;
  }
  return /(?<![\w-])ey[\w-]{10,4096}\.ey[\w-]{10,16384}\.ey?[\w-]{0,2}\.{0,3}$/.test(value);
}

function parse(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}

/** The value a JSON text holds, when it is an object or a list. */
export function parseJson(value: string): object | undefined {
  const first = value[0];
  if ((first !== "{" && first !== "[") || value.length > 4_000_000) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === "object" && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}
