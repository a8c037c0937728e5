import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { rsaKeyBits } from "../catalog/catalog.ts";
import type { EntryName, SecretName } from "../catalog/grants.ts";
import type { Format, SecretSpec } from "../catalog/types.ts";
import type { Declaration, Declared, ExternalValues } from "./declare.ts";

/** One value: an entry of a secret, in one generation. `value` is a secret output. */
export interface GeneratedEntry {
  readonly secret: SecretName;
  readonly entry: EntryName;
  readonly generation: number;
  readonly value: pulumi.Output<string>;
}

/** What makes one generation of a secret where somebody else issues it: `name` is the resource's, e.g. `S3_KEY-g2`. */
export type Issuer = (name: string, opts: pulumi.CustomResourceOptions) => Values;

/**
 * Every live generation of every secret of a stack, each a resource of its own with the number in its name
 * (`DB_PASSWORD-g2`): moving to a new generation never edits or replaces an old one.
 */
export class Generations extends pulumi.ComponentResource {
  /** The values, in the catalog's order. */
  readonly entries: readonly GeneratedEntry[];

  /** @param issuers of secrets that this stack does not make up by itself, such as a cloud's access keys */
  constructor(
    name: string,
    declaration: Declaration,
    issuers: Readonly<Partial<Record<SecretName, Issuer>>> = {},
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("goimg:secrets:Generations", name, {}, opts);
    this.entries = declaration.secrets.flatMap((declared) =>
      declared.live.flatMap((generation) =>
        generate(declared, generation, declaration.external, issuers, { parent: this }).map(([entry, value]) => ({
          secret: declared.secret,
          entry: entry as EntryName,
          generation,
          value: pulumi.secret(value),
        })),
      ),
    );
    this.registerOutputs({});
  }
}

/** Values by entry. */
export type Values = readonly (readonly [entry: string, value: pulumi.Input<string>])[];

function generate(
  { secret, spec }: Declared,
  generation: number,
  external: ExternalValues,
  issuers: Readonly<Partial<Record<SecretName, Issuer>>>,
  opts: pulumi.CustomResourceOptions,
): Values {
  const name = `${secret}-g${generation}`;
  const issuer = issuers[secret];
  if (issuer !== undefined) return issuer(name, opts);
  switch (spec.kind) {
    case "rsaKeyPair":
      return rsaKeyPair(name, spec, opts);
    case "password":
    case "accessKeyPair":
      return Object.entries(spec.entries).map(([entry, { format }]) => [
        entry,
        password(`${entry}-g${generation}`, format, opts),
      ]);
    case "external":
      return Object.keys(spec.entries).map((entry) => [entry, supplied(entry, generation, external)]);
  }
}

function rsaKeyPair(name: string, spec: SecretSpec, opts: pulumi.CustomResourceOptions): Values {
  const key = new tls.PrivateKey(name, { algorithm: "RSA", rsaBits: rsaKeyBits }, opts);
  return Object.entries(spec.entries).map(([entry, { format }]) => [
    entry,
    format.type === "rsaPrivateKeyPem" ? key.privateKeyPem : key.publicKeyPem,
  ]);
}

/** Letters and digits only: safe unquoted in any URL, shell, connection string or configuration file. */
function password(name: string, format: Format, opts: pulumi.CustomResourceOptions): pulumi.Output<string> {
  if (format.type !== "text") throw new Error(`${name}: a generated password must be of the format "text"`);
  const lower = format.charset !== "upperAlphanumeric";
  return new random.RandomPassword(name, { length: format.minLength, special: false, lower }, opts).result;
}

function supplied(entry: string, generation: number, external: ExternalValues): string {
  const value = external[entry]?.[String(generation)];
  if (value === undefined) throw new Error(`external.${entry}["${generation}"] is not set`);
  return value;
}
