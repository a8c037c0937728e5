import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { GeneratedEntry } from "../components/secrets/generations.ts";
import type { Declared } from "../components/secrets/declare.ts";
import type { ServiceSpec } from "../components/services/service.ts";
import {
  parseStoreSettings,
  type StoreKind,
  type StoreSettings,
  type VaultSettings,
} from "../components/stores/settings.ts";
import type { DeliveringStore } from "../components/stores/store.ts";
import { SwarmStore } from "../components/stores/swarm.ts";
import { consumersOf } from "./consumers.ts";
import { readOrRefuse } from "./settings.ts";

/**
 * The stack's choice of stores: the config's `store`, `keepIn` and `vault`.
 *
 * @throws pulumi.RunError listing every problem
 */
export function storeSettings(): StoreSettings {
  const config = new pulumi.Config();
  const [keepIn, vault] = [config.getObject("keepIn"), config.getObject("vault")];
  return readOrRefuse(() => parseStoreSettings({ store: config.get("store"), keepIn, vault }));
}

/** What is put into the stores, and who reads it. */
export interface Stored {
  readonly generated: readonly GeneratedEntry[];
  readonly services: readonly ServiceSpec[];
  readonly declared: readonly Declared[];
}

/** Puts every value into every store that keeps values, and answers the one that services read from. */
export async function openStores(
  { store, keepIn, vault }: StoreSettings,
  stored: Stored,
  opts?: pulumi.ComponentResourceOptions,
): Promise<DeliveringStore> {
  const opened = new Map<StoreKind, DeliveringStore>();
  for (const kind of keepIn) {
    if (kind === "swarm") opened.set(kind, new SwarmStore("store", stored.generated, opts));
    else if (vault !== undefined) opened.set(kind, await openVault(vault, stored));
  }
  const chosen = opened.get(store);
  if (chosen === undefined) throw new pulumi.RunError(`the store ${store} keeps no values: add it to keepIn`);
  return chosen;
}

/** Loaded when it is used: a stack pays for its own stores alone. */
async function openVault(settings: VaultSettings, { generated, services, declared }: Stored): Promise<DeliveringStore> {
  const { VaultStore } = await import("../components/stores/vault.ts");
  const { caFile, ...place } = settings;
  const ca = caFile === undefined ? {} : { ca: readCa(caFile) };
  return new VaultStore("vault", generated, { ...place, ...ca, consumers: consumersOf(services, declared) });
}

function readCa(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new pulumi.RunError("vault.caFile can't be read: name the file of the CA's certificates, in PEM");
  }
}
