/** Secrets of tests: the runtime's own class over values made here. */
import { generateKeyPairSync } from "node:crypto";
import type { Manifest } from "../../../runtime/manifest.ts";
import { LoadedSecrets, type Secrets } from "../../../runtime/secrets.ts";

interface Held {
  readonly active: number | null;
  /** Entries with the values of their generations. */
  readonly entries: Readonly<Record<string, Readonly<Record<number, string>>>>;
}

/** Secrets of the service `api`. The formats do not matter here: nothing is checked. */
export function secretsOf(held: Readonly<Record<string, Held>>): Secrets {
  const values = new Map<string, Map<number, string>>();
  const secrets: Manifest["secrets"] = Object.entries(held).map(([name, { active, entries }]) => ({
    name,
    kind: "password",
    strategy: "redeploy",
    required: false,
    active,
    live: Object.keys(Object.values(entries)[0] ?? {}).map(Number),
    entries: Object.entries(entries).map(([entry, generations]) => {
      values.set(entry, new Map(Object.entries(generations).map(([g, value]) => [Number(g), value])));
      return { name: entry, format: { type: "text", minLength: 1 }, files: {} };
    }),
  }));
  const manifest: Manifest = {
    version: 1,
    service: "api",
    stack: "test",
    production: false,
    directory: "/run/secrets",
    secrets,
  };
  return new LoadedSecrets(manifest, values);
}

/** A key pair in the forms that the stack stores. Shorter than a real one, which takes a second to make. */
export function keyPair(): { privatePem: string; publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return { privatePem: privateKey, publicPem: publicKey };
}
