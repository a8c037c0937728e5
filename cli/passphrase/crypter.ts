import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

/**
 * Pulumi's encryption with a passphrase, as its SDK does it (sdk/go/common/resource/config/crypt.go): AES-256-GCM under a key of
 * PBKDF2 with SHA-256. A value is `v1:NONCE:TEXT`; what is kept beside values is `v1:SALT:VALUE`, whose value is a known word.
 */
const iterations = 1_000_000;
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const saltBytes = 8;
const knownWord = "pulumi";

const derived = new Map<string, Promise<Buffer>>();

/** A key takes a quarter of a second: each is derived once. */
function derive(passphrase: string, salt: Buffer): Promise<Buffer> {
  const of = `${salt.toString("base64")} ${passphrase}`;
  const key = derived.get(of) ?? promisify(pbkdf2)(passphrase, salt, iterations, keyBytes, "sha256");
  derived.set(of, key);
  return key;
}

/** One key: a passphrase with one salt. */
export class Crypter {
  readonly #key: Buffer;
  /** What Pulumi calls `encryptionsalt` in a config, and `salt` in a state. */
  readonly line: string;

  private constructor(key: Buffer, salt: Buffer, line?: string) {
    this.#key = key;
    this.line = line ?? `v1:${salt.toString("base64")}:${this.seal(Buffer.from(knownWord))}`;
  }

  /** With a salt that was never used. */
  static async make(passphrase: string): Promise<Crypter> {
    const salt = randomBytes(saltBytes);
    return new Crypter(await derive(passphrase, salt), salt);
  }

  /** The key of a salt's line; undefined when it is another passphrase's. */
  static async of(passphrase: string, line: string): Promise<Crypter | undefined> {
    const [, text = "", ...value] = line.split(":");
    const salt = Buffer.from(text, "base64");
    const crypter = new Crypter(await derive(passphrase, salt), salt, line);
    return crypter.open(value.join(":"))?.toString("utf8") === knownWord ? crypter : undefined;
  }

  /** What a value holds; undefined when another key has sealed it, or it is damaged. */
  open(value: string): Buffer | undefined {
    const [, nonce = "", text = ""] = value.split(":");
    const sealed = Buffer.from(text, "base64");
    try {
      const decipher = createDecipheriv("aes-256-gcm", this.#key, Buffer.from(nonce, "base64"), {
        authTagLength: tagBytes,
      });
      decipher.setAuthTag(sealed.subarray(-tagBytes));
      return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]);
    } catch {
      return undefined;
    }
  }

  /** A value that this key opens. */
  seal(content: Buffer): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce, { authTagLength: tagBytes });
    const text = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
    return `v1:${nonce.toString("base64")}:${text.toString("base64")}`;
  }
}
