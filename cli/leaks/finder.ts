/** Looks for many values, in every form that a value takes on its way through logs and files, in one pass over any bytes. */
import { createPrivateKey, createPublicKey } from "node:crypto";

/** What is looked for. The label is what a finding says: it never holds the value. */
export interface Needle {
  readonly label: string;
  readonly bytes: Buffer;
}

/** The shortest form that is looked for, in bytes: shorter ones occur by chance. */
const shortest = 12;

/**
 * The forms of one value: raw, base64 at its three alignments in both alphabets, hex, URL-encoded, JSON-escaped.
 *
 * @throws if the value is so short that it would be found by chance.
 */
export function formsOf(label: string, value: Buffer): readonly Needle[] {
  if (value.length < shortest) throw new Error(`${label} is too short to be looked for`);
  const text = value.toString("latin1");
  const escaped = JSON.stringify(text).slice(1, -1);
  const forms: readonly (readonly [string, string])[] = [
    ["raw", text],
    ...[0, 1, 2].flatMap((offset): (readonly [string, string])[] => {
      const base64 = alignedBase64(value, offset);
      const url = base64.replaceAll("+", "-").replaceAll("/", "_");
      return [
        [`base64+${offset}`, base64],
        [`base64url+${offset}`, url],
      ];
    }),
    ["hex", value.toString("hex")],
    ["HEX", value.toString("hex").toUpperCase()],
    ["url", encodeURIComponent(text)],
    ["json", escaped],
    ["json in json", JSON.stringify(escaped).slice(1, -1)],
  ];
  const seen = new Set<string>();
  return forms
    .filter(([, form]) => form.length >= shortest && !seen.has(form) && seen.add(form))
    .map(([name, form]) => ({ label: `${label} (${name})`, bytes: Buffer.from(form, "latin1") }));
}

/** Base64 of a value that begins at any byte of a text, without the characters that its neighbours have a share in. */
function alignedBase64(value: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), value])
    .toString("base64")
    .replace(/=+$/, "");
  const lead = offset === 0 ? 0 : offset + 1;
  const partial = (value.length + offset) % 3 === 0 ? 0 : 1;
  return encoded.slice(lead, encoded.length - partial);
}

/**
 * A private key in PEM: whole, each line of its body, and each number that only it has (an elliptic curve's: `d`). Lines that are
 * made of the modulus alone are left out: the public key shows them to everyone.
 */
export function privateKeyNeedles(label: string, pem: string): readonly Needle[] {
  const key = createPrivateKey(pem);
  const modulus = Buffer.from(createPublicKey(key).export({ format: "jwk" }).n ?? "", "base64url");
  const { d = "", p = "", q = "", dp = "", dq = "", qi = "" } = key.export({ format: "jwk" });
  const lines = pem.split("\n").filter((line) => line.length >= shortest && !line.startsWith("-----"));
  const secret = lines.filter((line) => !modulus.includes(Buffer.from(line, "base64").subarray(3, -3)));
  return [
    ...formsOf(label, Buffer.from(pem.trim(), "latin1")),
    ...secret.flatMap((line, number) => formsOf(`${label} line ${number}`, Buffer.from(line, "latin1"))),
    ...Object.entries({ d, p, q, dp, dq, qi })
      .filter(([, number]) => number !== "")
      .flatMap(([name, number]) => formsOf(`${label} ${name}`, Buffer.from(number, "base64url"))),
  ];
}

/** What to look for of any secret value: a private key in PEM by its parts too. @throws as {@link formsOf} */
export const needlesOf = (label: string, value: Buffer): readonly Needle[] =>
  value.includes("PRIVATE KEY") ? privateKeyNeedles(label, value.toString("latin1")) : formsOf(label, value);

/** Bytes of a needle that decide about a place at once, and of the block that decides how far to move on (Wu–Manber). */
const window = shortest;
const block = 3;
const hashes = 1 << 18;

/** Finds needles in bytes, in one pass that looks at one byte in several. */
export class Finder {
  /** By a block's hash: how far the window may move on; 0 where a needle's window may end. */
  readonly #shift = new Uint8Array(hashes).fill(window - block + 1);
  readonly #ending = new Map<number, Needle[]>();

  constructor(needles: readonly Needle[]) {
    for (const needle of needles) {
      for (let at = block - 1; at < window; at += 1) {
        const hash = hashAt(needle.bytes, at);
        this.#shift[hash] = Math.min(this.#shift[hash] ?? 0, window - 1 - at);
      }
      const last = hashAt(needle.bytes, window - 1);
      this.#ending.set(last, [...(this.#ending.get(last) ?? []), needle]);
    }
  }

  /** Labels of the needles that the bytes hold. */
  find(bytes: Buffer): readonly string[] {
    const found = new Set<string>();
    let at = window - 1;
    while (at < bytes.length) {
      const hash = hashAt(bytes, at);
      const shift = this.#shift[hash] ?? 0;
      if (shift === 0) {
        const start = at - window + 1;
        for (const { label, bytes: needle } of this.#ending.get(hash) ?? []) {
          if (bytes.subarray(start, start + needle.length).equals(needle)) found.add(label);
        }
      }
      at += Math.max(shift, 1);
    }
    return [...found];
  }
}

function hashAt(bytes: Uint8Array, at: number): number {
  return (((bytes[at - 2] ?? 0) << 10) ^ ((bytes[at - 1] ?? 0) << 5) ^ (bytes[at] ?? 0)) & (hashes - 1);
}
