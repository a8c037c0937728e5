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

/** A service, and the entries that it was granted: what a store with grants of its own makes policies from. */
export interface Consumer {
  readonly name: ServiceName;
  readonly secrets: readonly EntryName[];
}
