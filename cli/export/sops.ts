import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { armor, Encrypter } from "age-encryption";
import { Scalar, stringify } from "yaml";

/** The file format's version that this writes. */
const version = "3.9.0";
/** Bytes of a nonce: sops takes twelve times more than GCM needs, and reads nothing else. */
const nonceBytes = 32;

/**
 * A YAML file as sops writes it: names in the clear, each value encrypted with a key of the file's own, which is encrypted
 * with age to every recipient. `sops decrypt`, `sops edit` and `sops exec-env` work on it.
 *
 * @throws Error from the age library if a recipient is none
 */
export async function sopsFile(
  values: readonly (readonly [string, string])[],
  recipients: readonly string[],
  now: Date,
): Promise<string> {
  const key = randomBytes(32);
  const modified = `${now.toISOString().slice(0, 19)}Z`;
  const digest = createHash("sha512");
  const tree: Record<string, unknown> = {};
  for (const [name, value] of values) {
    digest.update(value);
    tree[name] = encrypt(value, key, `${name}:`);
  }
  const age = await Promise.all(recipients.map(async (recipient) => ({ recipient, enc: await wrap(key, recipient) })));
  tree["sops"] = {
    age,
    // In quotes: sops' reader takes it for a moment without them, and refuses that.
    lastmodified: quoted(modified),
    // Over all values, bound to the time: a file that was put together of others does not decrypt.
    mac: encrypt(digest.digest("hex").toUpperCase(), key, modified),
    unencrypted_suffix: "_unencrypted",
    version,
  };
  return stringify(tree, { lineWidth: 0 });
}

function quoted(text: string): Scalar<string> {
  const scalar = new Scalar(text);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}

function encrypt(value: string, key: Buffer, additional: string): string {
  if (value === "") return "";
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(additional));
  const data = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  const part = (bytes: Buffer): string => bytes.toString("base64");
  return `ENC[AES256_GCM,data:${part(data)},iv:${part(nonce)},tag:${part(cipher.getAuthTag())},type:str]`;
}

async function wrap(key: Buffer, recipient: string): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return armor.encode(await encrypter.encrypt(key));
}
