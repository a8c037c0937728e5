import type * as pulumi from "@pulumi/pulumi";
import type { EntryName, SecretName } from "../catalog/grants.ts";
import type { ServiceName } from "../catalog/types.ts";

/** Where a generation of an entry is kept, and how a service's definition refers to it. Holds no value. */
export interface StoredEntry {
  readonly secret: SecretName;
  readonly entry: EntryName;
  readonly generation: number;
  /** The store's own identifier: a Swarm secret's id, an ARN with version, a Vault path with version. */
  readonly id: pulumi.Output<string>;
  /** The store's own name of it, safe to print. */
  readonly name: pulumi.Output<string>;
}

/** A store, after everything was put into it. */
export interface Store {
  readonly kind: "swarm" | "awsSecretsManager" | "vault" | "digitalocean" | "env";
  readonly entries: readonly StoredEntry[];
}

/** A store that services of a cluster read from. */
export interface DeliveringStore extends Store {
  readonly delivery: Delivery;
}

/** How a service reads: files that its task mounts, or the store itself, by a login of its own. */
export type Delivery =
  | { readonly kind: "mounts" }
  | {
      readonly kind: "logins";
      readonly logins: ReadonlyMap<ServiceName, Login>;
      /** Certificates of the store's own CA, in PEM, and the setting that tells a service where their file is. Public. */
      readonly ca?: { readonly setting: string; readonly pem: string };
    };

/** What a service logs in with. */
export interface Login {
  /** Number of the credential: another one is another resource. */
  readonly generation: number;
  /** Delivered as a file, to this service alone. */
  readonly credential: pulumi.Output<string>;
  /** Setting that tells the service's runtime where that file is. */
  readonly credentialSetting: string;
  /** Plain settings of the service's runtime. */
  readonly env: Readonly<Record<string, string>>;
}

/** A service, and the entries that it was granted: what a store with grants of its own makes policies from. */
export interface Consumer {
  readonly name: ServiceName;
  readonly secrets: readonly EntryName[];
}
