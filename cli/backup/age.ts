import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import type { ReadableStream as WebStream } from "node:stream/web";
import { Decrypter, Encrypter } from "age-encryption";
import { OperatorError } from "../error.ts";

/** Encrypts a stream to every recipient, as it flows. @throws OperatorError naming each recipient that is none */
export async function encrypt(plaintext: Readable, recipients: readonly string[]): Promise<Readable> {
  const encrypter = new Encrypter();
  const wrong: number[] = [];
  for (const [index, recipient] of recipients.entries()) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      wrong.push(index + 1);
    }
  }
  if (wrong.length > 0) throw new OperatorError(`recipient ${wrong.join(", ")} is no age public key (age1…)`, 2);
  if (recipients.length === 0) throw new OperatorError("say who may open it: --recipient age1…", 2);
  const encrypted = await encrypter.encrypt(Readable.toWeb(plaintext) as ReadableStream<Uint8Array>);
  return Readable.fromWeb(encrypted as WebStream<Uint8Array>);
}

/**
 * Opens an encrypted stream, as it flows.
 *
 * @throws OperatorError if none of the identities opens it
 */
export async function decrypt(ciphertext: Readable, identities: readonly string[]): Promise<Readable> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    const decrypted = await decrypter.decrypt(Readable.toWeb(ciphertext) as ReadableStream<Uint8Array>);
    return Readable.fromWeb(decrypted as WebStream<Uint8Array>);
  } catch {
    throw new OperatorError(
      "the backup does not open: it is damaged, is no age file, or was made for other recipients",
    );
  }
}

/** The identities of a file as age-keygen writes it. @throws OperatorError if there is none */
export async function readIdentities(file: string): Promise<readonly string[]> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) throw new OperatorError(`the identity file ${file} can't be read`, 2);
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const identities = lines.filter((line) => /^AGE-SECRET-KEY-/.test(line));
  if (identities.length === 0) throw new OperatorError(`${file} holds no age identity (AGE-SECRET-KEY-…)`, 2);
  return identities;
}

/** Public keys of a file, one a line; what follows a # is a comment. */
export async function readRecipients(file: string): Promise<readonly string[]> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) throw new OperatorError(`the recipients' file ${file} can't be read`, 2);
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*$/, "").trim())
    .filter((line) => line !== "");
}
