import { createPrivateKey } from "node:crypto";
import ssh2 from "ssh2";
import { fromBase64, fromJson } from "../surface/encodings.ts";
import { isRecord, isUnknown, textAt } from "../model/properties.ts";
import type { Resource } from "../model/rule.ts";
import { generators, stores } from "./holders.ts";

/** A real value of the stack, and where it came from. Stays in memory; only `name` may be printed. */
export interface KnownValue {
  readonly name: string;
  readonly urn: string;
  readonly value: string;
  /** Whether the stack generated it, so that it surely is a secret; a store may hold other things too. */
  readonly generated: boolean;
}

/** The secret values in a resource: those that it generated, or that a store was given. */
export function valuesOf(resource: Resource): readonly KnownValue[] {
  const { type, name, urn, props } = resource;
  const generated = (generators.get(type) ?? []).flatMap((property): KnownValue[] => {
    const value = textAt(props, property);
    return value === undefined ? [] : [{ name, urn, value, generated: true }];
  });
  const property = stores.get(type);
  if (property === undefined) return generated;
  return [...generated, ...storedTexts(type, props[property]).map((value) => ({ name, urn, value, generated: false }))];
}

/** What a store was given: one text, or the texts of a JSON object or a map. */
function storedTexts(type: string, stored: unknown): readonly string[] {
  if (isRecord(stored)) return Object.values(stored).flatMap((value) => storedTexts(type, value));
  if (typeof stored !== "string" || isUnknown(stored)) return [];
  const text = type === "docker:index:Secret" ? decoded(stored) : stored;
  const json = fromJson(text);
  return isRecord(json) ? storedTexts("", json) : [text];
}

/** Docker's API takes base64, whatever the bytes are. */
function decoded(stored: string): string {
  return fromBase64(stored) ?? Buffer.from(stored, "base64").toString("latin1");
}

/** Shorter values are words and numbers, which are found everywhere; `strength` refuses them as secrets. */
const shortest = 8;
/** A part this long is a value's own: by chance, alphanumeric text repeats one in 10^28. */
export const window = 16;

/**
 * The texts, of which any `window` characters in a row give the value away. A store's value counts only when it looks
 * random: user names, hosts and public keys are kept there too.
 */
export function tellingParts({ value, generated }: KnownValue): readonly string[] {
  if (value.includes("PUBLIC KEY-----") || value.includes("BEGIN CERTIFICATE")) return [];
  if (value.includes("PRIVATE KEY-----")) return privateParts(value);
  const text = value.trim();
  if (text.length < shortest) return [];
  return generated || looksRandom(text) ? [text] : [];
}

function looksRandom(text: string): boolean {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= count * Math.log2(count / text.length);
  return bits >= 36 && (/\d/.test(text) || /[^A-Za-z0-9\s./:_-]/.test(text));
}

/** Base64 of a private key holds the public one too; these are the stretches that no public key has. */
function privateParts(pem: string): readonly string[] {
  const body = pem
    .replace(/-----[A-Z ]+-----/g, "")
    .replace(/\\n/g, "")
    .replace(/\s+/g, "");
  const bytes = Buffer.from(body, "base64");
  return secretNumbers(pem).flatMap((secret) => {
    const start = bytes.indexOf(secret);
    if (start === -1) return [];
    const part = body.slice(Math.ceil((start * 4) / 3) + 1, Math.floor(((start + secret.length) * 4) / 3));
    return part.length < window ? [] : [part];
  });
}

function secretNumbers(pem: string): readonly Buffer[] {
  try {
    const { d, p, q, dp, dq, qi } = createPrivateKey(standardForm(pem)).export({ format: "jwk" }) as Record<
      string,
      string
    >;
    return [d, p, q, dp, dq, qi].filter((part) => part !== undefined).map((part) => Buffer.from(part, "base64url"));
  } catch {
    // Damaged: the second half has no public part in any form that node reads.
    const body = Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ""), "base64");
    return [body.subarray(Math.ceil(body.length * 0.6))];
  }
}

/** OpenSSH's own form, which node does not read, repeats the public key among the private numbers. */
function standardForm(pem: string): string {
  if (!pem.includes("OPENSSH PRIVATE KEY")) return pem;
  const key = ssh2.utils.parseKey(pem);
  return key instanceof Error ? pem : key.getPrivatePEM();
}
