/**
 * The vocabulary of the catalog. A *secret* is what rotates together; an *entry* is one file, one line of a store.
 */

/** How a value comes to be. `external` values are issued by a third party and supplied as encrypted stack config. */
export type Kind = "rsaKeyPair" | "password" | "accessKeyPair" | "external";

/** How a secret moves to its next generation without downtime. */
export type Strategy = "dual-key" | "alternating-users" | "dual-password" | "dual-access-key" | "external" | "redeploy";

/** Calendar months between rotations, counted from a generation's creation. */
export type Period = `${number} months`;

/** Stacks of this project; each has a file of its name in `stacks/`. */
export type StackName = "dev" | "prod" | "aws" | "app";

/** Everything that may be granted a secret. A stack deploys some of these. */
export type ServiceName =
  | "ingress"
  | "gateway"
  | "api"
  | "worker"
  | "postgres"
  | "redis"
  | "s3"
  | "db-roles"
  | "db-migrate"
  | "cache-acl"
  | "metrics"
  | "grafana"
  | "backup";

/**
 * What a valid value looks like. The runtime checks it at a service's start, and it travels in the manifest.
 *
 * - `minBits`: RSA modulus length; of the `tls` formats, which take keys of P-256 too, where it is an RSA key.
 * - `minLength`, `maxLength`: characters.
 * - `minEntropyBits`: bits, estimated from the distribution of the value's characters.
 */
export type Format =
  | { readonly type: "rsaPrivateKeyPem"; readonly minBits: number; readonly pair: string }
  | { readonly type: "rsaPublicKeyPem"; readonly minBits: number }
  | { readonly type: "tlsPrivateKeyPem"; readonly minBits: number; readonly pair: string }
  | { readonly type: "tlsCertificatePem"; readonly minBits: number }
  | {
      readonly type: "text";
      readonly minLength: number;
      readonly maxLength?: number;
      readonly charset?: "alphanumeric" | "upperAlphanumeric" | "printable";
      readonly minEntropyBits?: number;
    };

/** One file of a secret, and the services that may read it. */
export interface EntrySpec {
  readonly description: string;
  readonly format: Format;
  readonly consumers: readonly ServiceName[];
}

/** One secret of the catalog. */
export interface SecretSpec {
  readonly kind: Kind;
  readonly strategy: Strategy;
  readonly period: Period;
  /** Who answers for it: the person or team to call. */
  readonly owner: string;
  /** Stacks that refuse to start without it. Elsewhere its absence switches `feature` off. */
  readonly requiredIn: readonly StackName[];
  /** What its presence switches on, in the operator's words. */
  readonly feature: string;
  /**
   * `declared`: generated only where the stack's config declares a generation of it (a legacy or future secret).
   * `consumed`: generated wherever a deployed service reads it. `external` values are present when supplied.
   */
  readonly presence: "declared" | "consumed" | "supplied";
  /**
   * Consumers that accept the credential, rather than present it: they hold every live generation. The others are
   * clients, and hold the active one alone, so that publishing and retiring a generation does not touch them.
   */
  readonly acceptors: readonly ServiceName[];
  readonly entries: Readonly<Record<string, EntrySpec>>;
}

/** The whole list; keys are the names of secrets. */
export type Catalog = Readonly<Record<string, SecretSpec>>;
