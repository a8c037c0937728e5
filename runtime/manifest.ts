/**
 * The manifest: what one service of one stack may read, as a JSON file beside the secrets. It holds names, generations
 * and rules, and never a value, so it is a plain Docker config (0444). The infrastructure writes it with `Manifest`,
 * services read it with `parseManifest`, and services in other languages use `manifest.schema.json`, generated from it.
 *
 * The schema is the shape; what only holds between fields (every live generation has a file, the active one is live,
 * a pair exists) is checked in `checks.ts`, so that each damage has a reason of its own.
 */
import * as z from "zod";

/** Where a container finds its manifest unless `SECRETS_MANIFEST_FILE` says otherwise. */
export const MANIFEST_PATH = "/run/goimg/manifest.json";

/** Where the store mounts the files of a service's secrets. */
export const SECRETS_DIRECTORY = "/run/secrets";

/** Goes into a manifest's `$schema`: the name of the published schema, `runtime/manifest.schema.json`. */
export const MANIFEST_SCHEMA_ID = "urn:goimg-secrets:manifest:1";

const secretName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,47}$/)
  .describe("Name of a secret or of one of its entries, as in the catalog");

const generation = z.int().min(1).max(1_000_000).describe("Number of a generation, counted from 1");

const rsaPrivateKeyPem = z
  .strictObject({
    type: z.literal("rsaPrivateKeyPem"),
    minBits: z.int().min(2048).max(16384).describe("Shortest modulus that is accepted, in bits"),
    pair: secretName.describe("Entry of the same secret that holds the public key of this one"),
  })
  .describe("One unencrypted RSA private key, PKCS#1 or PKCS#8, as a PEM block");

const rsaPublicKeyPem = z
  .strictObject({
    type: z.literal("rsaPublicKeyPem"),
    minBits: z.int().min(2048).max(16384).describe("Shortest modulus that is accepted, in bits"),
  })
  .describe("One RSA public key, SPKI or PKCS#1, as a PEM block");

const tlsBits = z.int().min(2048).max(16384).describe("Shortest modulus of an RSA key that is accepted, in bits");

const tlsPrivateKeyPem = z
  .strictObject({
    type: z.literal("tlsPrivateKeyPem"),
    minBits: tlsBits,
    pair: secretName.describe("Entry of the same secret that holds the certificate of this key"),
  })
  .describe("One unencrypted private key, RSA or P-256, as a PEM block");

const tlsCertificatePem = z
  .strictObject({ type: z.literal("tlsCertificatePem"), minBits: tlsBits })
  .describe("A server's X.509 certificate, then those of its issuers in their order, as PEM blocks");

/** What `charset` means: `alphanumeric` A-Z a-z 0-9, `upperAlphanumeric` A-Z 0-9, `printable` ASCII 0x21 to 0x7e. */
export const CHARSETS = ["alphanumeric", "upperAlphanumeric", "printable"] as const;

const text = z
  .strictObject({
    type: z.literal("text"),
    minLength: z.int().min(1).max(500_000).describe("Shortest value, in characters"),
    maxLength: z.int().min(1).max(500_000).optional().describe("Longest value, in characters"),
    charset: z.enum(CHARSETS).optional().describe("Characters that may occur; printable when absent"),
    minEntropyBits: z
      .int()
      .min(1)
      .max(4096)
      .optional()
      .describe("Least entropy, in bits, estimated from the distribution of the value's characters"),
  })
  .describe("One line of text with nothing around it: no newline, no blank");

const format = z.discriminatedUnion("type", [
  rsaPrivateKeyPem,
  rsaPublicKeyPem,
  tlsPrivateKeyPem,
  tlsCertificatePem,
  text,
]);

const entry = z.strictObject({
  name: secretName,
  format,
  files: z
    .record(
      z.string().regex(/^[1-9][0-9]{0,6}$/),
      z
        .string()
        .regex(/^[A-Z][A-Z0-9_]{0,47}(\.[1-9][0-9]{0,6})?$/)
        .describe("Name of the file in `directory`: NAME for the active generation, NAME.G for another live one"),
    )
    .describe("File of each live generation, by its number"),
});

const secret = z.strictObject({
  name: secretName,
  kind: z.enum(["rsaKeyPair", "password", "accessKeyPair", "external"]),
  strategy: z.enum(["dual-key", "alternating-users", "dual-password", "dual-access-key", "external", "redeploy"]),
  required: z.boolean().describe("false and `live` empty: the feature is switched off and there are no files"),
  active: generation.nullable().describe("Generation that clients use; null when none is live"),
  live: z.array(generation).max(16).describe("Generations that are accepted now, ascending"),
  entries: z.array(entry).min(1).max(16),
});

/** Shape of the manifest; unknown keys are errors at every level. */
export const manifestSchema = z
  .strictObject({
    $schema: z.string().max(300).optional(),
    version: z.literal(1),
    service: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,62}$/)
      .describe("The one service that this manifest is for"),
    stack: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/),
    production: z.boolean().describe("true refuses the providers that are for development only"),
    directory: z.string().regex(/^\//).max(300).describe("Folder of the files, absolute"),
    secrets: z.array(secret).max(200),
  })
  .describe("What one service of one stack may read: names, generations and rules, never a value");

/** A manifest that has the right shape. */
export type Manifest = z.infer<typeof manifestSchema>;
/** One secret of a manifest: the unit that rotates together. */
export type ManifestSecret = Manifest["secrets"][number];
/** One file of a secret, in each of its live generations. */
export type ManifestEntry = ManifestSecret["entries"][number];
/** The rule that the value of an entry has to meet. */
export type EntryFormat = ManifestEntry["format"];

/** Outcome of `parseManifest`: the manifest, or what is wrong with the text, one line each. */
export type ParsedManifest = { ok: true; manifest: Manifest } | { ok: false; problems: string[] };

/**
 * Reads the text of a manifest. Never throws, and its problems never quote the text: the path may have been pointed at
 * a secret by mistake, and JSON.parse's own message quotes what it read.
 */
export function parseManifest(json: string): ParsedManifest {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch {
    return { ok: false, problems: ["it is not JSON"] };
  }
  const result = manifestSchema.safeParse(data);
  if (result.success) return { ok: true, manifest: result.data };
  const problems = result.error.issues.map((issue) => {
    const where = issue.path.length === 0 ? "the manifest" : issue.path.join(".");
    if (issue.code === "unrecognized_keys") return `${where} has ${issue.keys.length} unknown key(s)`;
    return `${where} does not meet the schema (${issue.code})`;
  });
  return { ok: false, problems: [...new Set(problems)].sort() };
}

/** File of generation `g` of entry `name`: the active one has the bare name, so `NAME_FILE` never changes. */
export function fileNameOf(name: string, g: number, active: number | null): string {
  return g === active ? name : `${name}.${g}`;
}
