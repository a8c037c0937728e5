/** Checks of RSA keys in PEM, with Node's own crypto. Messages never quote the key or OpenSSL's error. */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import type { EntryFormat } from "./manifest.ts";
import type { Problem } from "./text.ts";

export type PemFormat = Extract<EntryFormat, { type: "rsaPrivateKeyPem" | "rsaPublicKeyPem" }>;

/** A key, or what is wrong with it. The key is there only when nothing is. */
export interface PemCheck {
  readonly problems: Problem[];
  readonly key: KeyObject | null;
}

/** One PEM block, and nothing after it but a newline. */
export const BLOCK = /^-----BEGIN ([A-Z0-9 ]+)-----\n((?:[A-Za-z0-9+/=]+\n)+)-----END \1-----\n?$/;

/** Smallest public exponent that is accepted (NIST SP 800-56B asks for more than 2^16). */
const MIN_EXPONENT = 65_537n;

/** Reads one key and checks it against its format. Exactly one PEM block, with at most one newline after it. */
export function checkPem(bytes: Uint8Array, format: PemFormat): PemCheck {
  const text = Buffer.from(bytes).toString("latin1");
  const problem = wrapperProblem(text) ?? labelProblem(text, format) ?? blockProblem(text);
  if (problem) return { problems: [problem], key: null };
  let key: KeyObject;
  try {
    key = format.type === "rsaPrivateKeyPem" ? createPrivateKey(text) : createPublicKey(text);
  } catch {
    return { problems: [bad("is damaged: its content is no key")], key: null };
  }
  const problems = keyProblems(key, format);
  return { problems, key: problems.length === 0 ? key : null };
}

/** true when `publicKey` is the public half of `privateKey`. */
export function isPair(privateKey: KeyObject, publicKey: KeyObject): boolean {
  const derived = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return derived.equals(publicKey.export({ type: "spki", format: "der" }));
}

/** A PEM block that is none, or no whole one. */
export function bad(what: string): Problem {
  return { reason: "bad-pem", message: `${what}; store the whole PEM block as it was generated` };
}

/** What is wrong around a value that should be PEM. */
export function wrapperProblem(text: string): Problem | null {
  if (/^[\s\0]*$/.test(text)) {
    return { reason: "blank", message: "is blank; store a key in this generation or publish a new one" };
  }
  if (text.startsWith("\u00ef\u00bb\u00bf")) {
    return { reason: "bom", message: "starts with a byte-order mark; store it as ASCII without one" };
  }
  if (!text.includes("-----BEGIN ")) return bad("is not PEM");
  if (/[\0\r]/.test(text)) {
    const message = "holds a control character (carriage return, NUL); store it with newlines alone";
    return { reason: "control-character", message };
  }
  if (/^\s|\n\s+$|[ \t]$/.test(text)) {
    return { reason: "surrounding-whitespace", message: "has blank lines or blanks around it; store the block alone" };
  }
  return null;
}

/** What the first line says it is, before the content is looked at: that names the mistake best. */
function labelProblem(text: string, format: PemFormat): Problem | null {
  const label = /^-----BEGIN ([A-Z0-9 ]+)-----\n/.exec(text)?.[1];
  if (label === undefined) return bad("does not start with a PEM block");
  if (label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type: 4,ENCRYPTED$/m.test(text)) {
    return { reason: "pem-encrypted", message: "is encrypted with a passphrase; store the key without one" };
  }
  const wantsPrivate = format.type === "rsaPrivateKeyPem";
  if (wantsPrivate && /^(RSA )?PUBLIC KEY$/.test(label)) {
    return { reason: "public-key-for-private", message: "is a public key; store the private key of the pair here" };
  }
  if (!wantsPrivate && /PRIVATE KEY$/.test(label)) {
    const message = "is a private key where the public one belongs; store the public key, and rotate: it was shared";
    return { reason: "private-key-for-public", message };
  }
  if (label === "EC PRIVATE KEY") return notRsa();
  if (/^(RSA )?(PRIVATE|PUBLIC) KEY$/.test(label)) return null;
  const due = wantsPrivate ? "PRIVATE KEY or RSA PRIVATE KEY" : "PUBLIC KEY or RSA PUBLIC KEY";
  return { reason: "pem-wrong-label", message: `is a PEM block of another kind; store one labelled ${due}` };
}

/** Whether it is one clean block. */
export function blockProblem(text: string): Problem | null {
  if (BLOCK.test(text)) return null;
  return bad(
    /\n-----END /.test(text) ? "is damaged: it is not one clean PEM block" : "is truncated: its end is missing",
  );
}

/** An RSA key of fewer bits than it must have. */
export function tooShort(minBits: number): Problem {
  const message = `is shorter than the ${minBits} bits it must have; publish a new generation`;
  return { reason: "key-too-short", message };
}

function notRsa(): Problem {
  return { reason: "not-rsa", message: "is not an RSA key; publish an RSA key, which RS256 needs" };
}

function keyProblems(key: KeyObject, format: PemFormat): Problem[] {
  if (key.asymmetricKeyType !== "rsa") return [notRsa()];
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  const exponent = key.asymmetricKeyDetails?.publicExponent ?? 0n;
  if (bits < format.minBits) return [tooShort(format.minBits)];
  if (exponent < MIN_EXPONENT) {
    return [{ reason: "weak", message: "has a public exponent below 65537; publish a new generation" }];
  }
  return format.type === "rsaPrivateKeyPem" && !signs(key) ? [bad("is damaged: what it signs can't be verified")] : [];
}

/** OpenSSL reads a private key with a flipped bit; only using it tells. */
export function signs(key: KeyObject): boolean {
  const message = Buffer.from("goimg-secrets");
  try {
    return verify("RSA-SHA256", message, createPublicKey(key), sign("RSA-SHA256", message, key));
  } catch {
    return false;
  }
}
