import { catalog } from "./catalog.ts";
import type { EntrySpec, SecretSpec, ServiceName } from "./types.ts";

type TheCatalog = typeof catalog;
type EntriesOf<S> = S extends { readonly entries: infer E } ? E : never;
type NameIfGranted<Entries, S extends ServiceName> = {
  [E in keyof Entries]: Entries[E] extends { readonly consumers: readonly (infer C)[] }
    ? S extends C
      ? E
      : never
    : never;
}[keyof Entries];

/** Names of the secrets: what rotates. */
export type SecretName = keyof TheCatalog;

/** Names of the entries: what is mounted. */
export type EntryName = { [N in SecretName]: keyof EntriesOf<TheCatalog[N]> }[SecretName];

/**
 * The entries that a service was granted. Naming any other where a `Granted<"api">` is due does not compile: the grant
 * is the catalog's `consumers`, and nothing else.
 */
export type Granted<S extends ServiceName> = {
  [N in SecretName]: NameIfGranted<EntriesOf<TheCatalog[N]>, S>;
}[SecretName];

/** One entry, with the secret that it belongs to. */
export interface CatalogEntry extends EntrySpec {
  readonly name: EntryName;
  readonly secret: SecretName;
}

/** The catalog, read as plain data. */
export const secretSpecs: Readonly<Record<SecretName, SecretSpec>> = catalog;

/** All names of secrets, in the catalog's order. */
export const secretNames = Object.keys(catalog) as readonly SecretName[];

/** All entries, in the catalog's order. */
export const entries: readonly CatalogEntry[] = secretNames.flatMap((secret) =>
  Object.entries(secretSpecs[secret].entries).map(([name, spec]) => ({ ...spec, name: name as EntryName, secret })),
);

/** The entries granted to one service, in the catalog's order. */
export function entriesFor(service: ServiceName): readonly CatalogEntry[] {
  return entries.filter((entry) => entry.consumers.includes(service));
}

/** The services that read any entry of a secret. */
export function consumersOf(secret: SecretName): readonly ServiceName[] {
  return [...new Set(Object.values(secretSpecs[secret].entries).flatMap((entry) => entry.consumers))];
}

/** The secret of that name, or of which that is an entry; undefined if neither. */
export function findSecret(name: string): SecretName | undefined {
  return secretNames.find((secret) => secret === name) ?? entries.find((entry) => entry.name === name)?.secret;
}
