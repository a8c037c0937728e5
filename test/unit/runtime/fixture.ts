/** What the runtime's tests stand on: keys and values made once per run, a realistic manifest, and its directory. */
import { createPrivateKey, generateKeyPair, randomInt, type KeyObject } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Manifest } from "../../../runtime/index.ts";

const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const ALPHANUMERIC = UPPER + "abcdefghijklmnopqrstuvwxyz";

/** A random value, as the catalog's generators make it. */
export function randomText(length: number, alphabet = ALPHANUMERIC): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join("");
}

/** Key material by the name that `damage.json` uses. */
export type Keys = Record<string, string>;

const pair = promisify(generateKeyPair);
const spki = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();
const pkcs8 = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();

/** Two pairs in use, one spare, one that is too short, one that is no RSA, and spoiled forms of them. Takes seconds. */
export async function makeKeys(bits: number): Promise<Keys> {
  const [active, next, spare, small] = await Promise.all(
    [bits, bits, bits, bits / 2].map((modulusLength) => pair("rsa", { modulusLength })),
  );
  const ec = await pair("ec", { namedCurve: "P-256" });
  const ed25519 = await pair("ed25519");
  if (!active || !next || !spare || !small) throw new Error("no keys");
  const secret = { cipher: "aes-256-cbc", passphrase: randomText(20) };
  return {
    "active.private": pkcs8(active.privateKey),
    "active.public": spki(active.publicKey),
    "next.private": next.privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
    "next.public": next.publicKey.export({ type: "pkcs1", format: "pem" }).toString(),
    "spare.private": pkcs8(spare.privateKey),
    "spare.public": spki(spare.publicKey),
    "small.private": pkcs8(small.privateKey),
    "small.public": spki(small.publicKey),
    "ec.private": pkcs8(ec.privateKey),
    "ec.public": spki(ec.publicKey),
    "ed25519.private": pkcs8(ed25519.privateKey),
    "ed25519.public": spki(ed25519.publicKey),
    ecTraditional: ec.privateKey.export({ type: "sec1", format: "pem" }).toString(),
    encrypted: spare.privateKey.export({ type: "pkcs8", format: "pem", ...secret }).toString(),
    encryptedTraditional: spare.privateKey.export({ type: "pkcs1", format: "pem", ...secret }).toString(),
    corrupt: flipExponent(spare.privateKey),
  };
}

/** Still a readable key, but its private exponent and CRT parts are another's: only using it tells. */
function flipExponent(key: KeyObject): string {
  const jwk = key.export({ format: "jwk" });
  const flip = (text = ""): string => (text.startsWith("A") ? "B" : "A") + text.slice(1);
  const damaged = { ...jwk, d: flip(jwk.d), dp: flip(jwk.dp), dq: flip(jwk.dq) };
  return pkcs8(createPrivateKey({ key: damaged, format: "jwk" }));
}

/** A value that the manifest grants under another name: `damage.json` copies it elsewhere. */
export const SHARED_VALUE = "K7PZQ2XM9RVT4WBNJ6HD";

/** The manifest of an API in the middle of two rotations, with one feature switched off. */
export function manifestIn(directory: string, minBits: number): Manifest {
  const password = {
    type: "text",
    minLength: 43,
    maxLength: 64,
    charset: "alphanumeric",
    minEntropyBits: 128,
  } as const;
  const accessKey = { type: "text", minLength: 20, maxLength: 20, charset: "upperAlphanumeric" } as const;
  const issued = { type: "text", minLength: 16, maxLength: 512, charset: "printable" } as const;
  const privateKey = { type: "rsaPrivateKeyPem", minBits, pair: "JWT_PUBLIC_KEY" } as const;
  const publicKey = { type: "rsaPublicKeyPem", minBits } as const;
  const two = (name: string): Record<string, string> => ({ "2": name, "3": `${name}.3` });
  const one = (name: string): Record<string, string> => ({ "1": name });
  const single = { required: true, active: 1, live: [1] };
  return {
    version: 1,
    service: "api",
    stack: "dev",
    production: false,
    directory,
    secrets: [
      {
        ...{ name: "JWT_KEY", kind: "rsaKeyPair", strategy: "dual-key", required: true, active: 2, live: [2, 3] },
        entries: [
          { name: "JWT_PRIVATE_KEY", format: privateKey, files: two("JWT_PRIVATE_KEY") },
          { name: "JWT_PUBLIC_KEY", format: publicKey, files: two("JWT_PUBLIC_KEY") },
        ],
      },
      {
        ...{ name: "DB_PASSWORD", kind: "password", strategy: "alternating-users" },
        ...{ required: true, active: 2, live: [2, 3] },
        entries: [{ name: "DB_PASSWORD", format: password, files: two("DB_PASSWORD") }],
      },
      {
        ...{ name: "REDIS_PASSWORD", kind: "password", strategy: "dual-password", ...single },
        entries: [{ name: "REDIS_PASSWORD", format: password, files: one("REDIS_PASSWORD") }],
      },
      {
        ...{ name: "S3_KEY", kind: "accessKeyPair", strategy: "dual-access-key", ...single },
        entries: [
          { name: "S3_ACCESS_KEY", format: accessKey, files: one("S3_ACCESS_KEY") },
          { name: "S3_SECRET_KEY", format: password, files: one("S3_SECRET_KEY") },
        ],
      },
      {
        ...{ name: "SMTP_PASSWORD", kind: "external", strategy: "redeploy", ...single },
        entries: [{ name: "SMTP_PASSWORD", format: issued, files: one("SMTP_PASSWORD") }],
      },
      {
        ...{ name: "OAUTH_GITHUB_CLIENT_SECRET", kind: "external", strategy: "redeploy" },
        ...{ required: false, active: null, live: [] },
        entries: [{ name: "OAUTH_GITHUB_CLIENT_SECRET", format: issued, files: {} }],
      },
      {
        ...{ name: "IPFS_PINATA_JWT", kind: "external", strategy: "redeploy", ...single, required: false },
        entries: [{ name: "IPFS_PINATA_JWT", format: issued, files: one("IPFS_PINATA_JWT") }],
      },
    ],
  };
}

/** Valid values by file name. */
export function valuesFor(keys: Keys): Record<string, string> {
  const text = (length: number, alphabet = ALPHANUMERIC): string => randomText(length, alphabet);
  return {
    JWT_PRIVATE_KEY: keys["active.private"] ?? "",
    JWT_PUBLIC_KEY: keys["active.public"] ?? "",
    "JWT_PRIVATE_KEY.3": keys["next.private"] ?? "",
    "JWT_PUBLIC_KEY.3": keys["next.public"] ?? "",
    DB_PASSWORD: text(43),
    "DB_PASSWORD.3": text(43),
    REDIS_PASSWORD: text(48),
    S3_ACCESS_KEY: text(20, UPPER),
    S3_SECRET_KEY: text(43),
    SMTP_PASSWORD: text(30, ALPHANUMERIC + "!#$%&+~"),
    IPFS_PINATA_JWT: SHARED_VALUE,
  };
}

/** One container's view of its secrets, in a temporary folder of its own. */
export interface Mounted {
  readonly root: string;
  readonly directory: string;
  readonly manifestFile: string;
  readonly manifest: Manifest;
  readonly values: Readonly<Record<string, string>>;
  remove(): void;
}

/** Writes the files 0400 and the manifest 0444, as Swarm mounts them. `edit` changes the manifest before. */
export function mount(values: Record<string, string>, minBits: number, edit?: (manifest: Manifest) => void): Mounted {
  const root = mkdtempSync(join(tmpdir(), "goimg-runtime-"));
  const directory = join(root, "secrets");
  mkdirSync(directory);
  for (const [name, value] of Object.entries(values)) {
    writeFileSync(join(directory, name), value);
    chmodSync(join(directory, name), 0o400);
  }
  const manifest = manifestIn(directory, minBits);
  edit?.(manifest);
  const manifestFile = join(root, "manifest.json");
  writeFileSync(manifestFile, JSON.stringify(manifest), { mode: 0o444 });
  const remove = (): void => {
    rmSync(root, { recursive: true, force: true });
  };
  return { root, directory, manifestFile, manifest, values, remove };
}
