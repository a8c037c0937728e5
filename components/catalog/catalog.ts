import type { Catalog, EntrySpec, Format, ServiceName } from "./types.ts";

const rsaBits = 4096;
/** CA/Browser Forum, Baseline Requirements, 6.1.5: RSA keys of 2048 bits or more; what Mozilla's intermediate settings ask for. */
const tlsBits = 2048;
/**
 * 43 of [A-Za-z0-9] hold 256 bits, the 32 random bytes that the requirement asks for. The entropy that a service can
 * see in a value's characters is always less, so its floor is lower: it catches `aaaa…`, not a short alphabet.
 */
const password: Format = { type: "text", minLength: 43, charset: "alphanumeric", minEntropyBits: 128 };
/** Third parties decide the shape of what they issue; a token under 16 characters is a paste gone wrong. */
const issued: Format = { type: "text", minLength: 16, maxLength: 4096, charset: "printable" };
/** RFC 7518, section 3.2: a key of HS256 has 256 bits or more. Legacy ones are often base64 (`openssl rand -base64 32`). */
const legacyKey: Format = { type: "text", minLength: 32, maxLength: 4096, charset: "printable", minEntropyBits: 128 };
const accessKeyId: Format = { type: "text", minLength: 20, maxLength: 20, charset: "upperAlphanumeric" };

/** A cloud's own have signs of base64 (Spaces, AWS); a stack's own are letters and digits. */
const secretAccessKey: Format = { ...password, charset: "printable" };

const entry = <const C extends readonly ServiceName[]>(description: string, format: Format, consumers: C) =>
  ({ description, format, consumers }) satisfies EntrySpec;

const everywhere = ["dev", "prod", "aws", "app"] as const;
const production = ["prod", "aws"] as const;
const thirdParty = {
  kind: "external",
  strategy: "external",
  period: "12 months",
  owner: "platform",
  requiredIn: [],
  presence: "supplied",
  acceptors: [],
} as const;

/**
 * Every secret of the application: the one list from which generation, stores, grants, policies, startup checks,
 * schedule and documentation are derived. Periods and formats are the requirement's ("Secret Catalog", "Rotation
 * Schedules").
 */
export const catalog = {
  JWT_KEY: {
    kind: "rsaKeyPair",
    strategy: "dual-key",
    period: "6 months",
    owner: "backend",
    requiredIn: everywhere,
    feature: "signing and checking access tokens (RS256)",
    presence: "consumed",
    acceptors: ["api"],
    entries: {
      JWT_PRIVATE_KEY: entry(
        "RS256 private signing key",
        { type: "rsaPrivateKeyPem", minBits: rsaBits, pair: "JWT_PUBLIC_KEY" },
        ["api"],
      ),
      JWT_PUBLIC_KEY: entry("RS256 public validation key", { type: "rsaPublicKeyPem", minBits: rsaBits }, ["api"]),
    },
  },
  // Supplied and never generated: it is the key that the legacy service signs with already (docs/security/hs256-to-rs256.md).
  JWT_SECRET: {
    ...thirdParty,
    strategy: "redeploy",
    period: "6 months",
    owner: "backend",
    feature: "accepting legacy HS256 tokens while moving to RS256",
    acceptors: ["api"],
    entries: { JWT_SECRET: entry("HS256 key, legacy, for the migration only", legacyKey, ["api"]) },
  },
  DB_PASSWORD: {
    kind: "password",
    strategy: "alternating-users",
    period: "3 months",
    owner: "backend",
    requiredIn: everywhere,
    feature: "PostgreSQL",
    presence: "consumed",
    acceptors: ["db-roles"],
    entries: {
      DB_PASSWORD: entry("PostgreSQL password of the application's login role", password, [
        "api",
        "worker",
        "db-roles",
        "db-migrate",
      ]),
    },
  },
  REDIS_PASSWORD: {
    kind: "password",
    strategy: "dual-password",
    period: "3 months",
    owner: "backend",
    requiredIn: production,
    feature: "Redis authentication",
    presence: "consumed",
    acceptors: ["cache-acl"],
    entries: { REDIS_PASSWORD: entry("Redis password of the ACL user goimg", password, ["api", "cache-acl"]) },
  },
  REDIS_ADMIN_PASSWORD: {
    kind: "password",
    strategy: "dual-password",
    period: "3 months",
    owner: "platform",
    requiredIn: production,
    feature: "changing Redis ACLs without a restart",
    presence: "consumed",
    acceptors: ["cache-acl"],
    entries: { REDIS_ADMIN_PASSWORD: entry("Redis password of the ACL user admin", password, ["cache-acl"]) },
  },
  S3_KEY: {
    kind: "accessKeyPair",
    strategy: "dual-access-key",
    period: "6 months",
    owner: "backend",
    requiredIn: [...production, "app"],
    feature: "object storage (S3, Spaces, B2)",
    presence: "consumed",
    acceptors: ["s3"],
    entries: {
      S3_ACCESS_KEY: entry("S3 access key id", accessKeyId, ["api", "worker", "s3"]),
      S3_SECRET_KEY: entry("S3 secret access key", secretAccessKey, ["api", "worker", "s3"]),
    },
  },
  IPFS_PINATA_JWT: {
    ...thirdParty,
    feature: "pinning to IPFS with Pinata",
    entries: { IPFS_PINATA_JWT: entry("Pinata API token", issued, ["worker"]) },
  },
  IPFS_INFURA: {
    ...thirdParty,
    feature: "pinning to IPFS with Infura",
    entries: {
      IPFS_INFURA_PROJECT_ID: entry("Infura project id", issued, ["worker"]),
      IPFS_INFURA_PROJECT_SECRET: entry("Infura project secret", issued, ["worker"]),
    },
  },
  OAUTH_GOOGLE_CLIENT_SECRET: {
    ...thirdParty,
    owner: "backend",
    feature: "logging in with Google",
    entries: { OAUTH_GOOGLE_CLIENT_SECRET: entry("Google OAuth client secret", issued, ["api"]) },
  },
  OAUTH_GITHUB_CLIENT_SECRET: {
    ...thirdParty,
    owner: "backend",
    feature: "logging in with GitHub",
    entries: { OAUTH_GITHUB_CLIENT_SECRET: entry("GitHub OAuth client secret", issued, ["api"]) },
  },
  SMTP_PASSWORD: {
    ...thirdParty,
    strategy: "redeploy",
    feature: "sending mail",
    entries: { SMTP_PASSWORD: entry("SMTP submission password", issued, ["worker"]) },
  },
  // Two thirds of the 90 days that a certificate of Let's Encrypt is valid.
  GATEWAY_TLS: {
    ...thirdParty,
    strategy: "redeploy",
    period: "2 months",
    requiredIn: ["prod"],
    feature: "TLS at the gateway",
    entries: {
      TLS_CERTIFICATE: entry(
        "TLS certificate of the public host name, then its chain",
        { type: "tlsCertificatePem", minBits: tlsBits },
        ["gateway"],
      ),
      TLS_PRIVATE_KEY: entry(
        "TLS private key of the certificate",
        { type: "tlsPrivateKeyPem", minBits: tlsBits, pair: "TLS_CERTIFICATE" },
        ["gateway"],
      ),
    },
  },
  GRAFANA_ADMIN_PASSWORD: {
    kind: "password",
    strategy: "redeploy",
    period: "12 months",
    owner: "platform",
    requiredIn: production,
    feature: "Grafana",
    presence: "consumed",
    acceptors: [],
    entries: { GRAFANA_ADMIN_PASSWORD: entry("Grafana administrator's password", password, ["grafana"]) },
  },
  BACKUP_S3_KEY: {
    kind: "accessKeyPair",
    strategy: "dual-access-key",
    period: "6 months",
    owner: "platform",
    requiredIn: [],
    feature: "backups to S3",
    presence: "consumed",
    acceptors: ["s3"],
    entries: {
      BACKUP_S3_ACCESS_KEY: entry("Backup storage access key id", accessKeyId, ["backup", "s3"]),
      BACKUP_S3_SECRET_KEY: entry("Backup storage secret access key", secretAccessKey, ["backup", "s3"]),
    },
  },
  CLAMAV_PASSWORD: {
    kind: "password",
    strategy: "redeploy",
    period: "12 months",
    owner: "platform",
    requiredIn: [],
    feature: "an externally hosted ClamAV (future; the container is isolated by its network today)",
    presence: "declared",
    acceptors: [],
    entries: { CLAMAV_PASSWORD: entry("ClamAV password", password, ["worker"]) },
  },
} as const satisfies Catalog;

/** Bits of a generated RSA key. The requirement: "RS256 JWT with 4096-bit keys". */
export const rsaKeyBits = rsaBits;
