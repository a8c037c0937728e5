import { fileVariable } from "../../runtime/environment.ts";
import { entries, type CatalogEntry, type EntryName } from "../catalog/grants.ts";
import type { ServiceName } from "../catalog/types.ts";
import type { Generations } from "../rotation/generations.ts";
import { strategies } from "../rotation/strategies.ts";
import type { Declared } from "./declare.ts";

/** One file in a service's container: one generation of one entry. */
export interface Mount {
  readonly entry: EntryName;
  readonly generation: number;
  /** File name below {@link secretsDirectory}. */
  readonly file: string;
}

/** Where services find their secrets; Docker's own default. */
export const secretsDirectory = "/run/secrets";

/**
 * File name of a generation: the active one has the entry's plain name, so that software which knows nothing of
 * generations (`POSTGRES_PASSWORD_FILE`, goimg's Docker provider) reads the right one; others carry their number.
 */
export function fileName(entry: EntryName, generation: number, active: number): string {
  return generation === active ? entry : `${entry}.${generation}`;
}

/**
 * The generations that one service holds, and the one it uses.
 *
 * A client holds the active one. An acceptor holds all; where it does not use the secret itself, its plain file is the
 * oldest, so that a promotion, which changes nothing for it, does not redeploy it.
 */
export function heldBy(service: ServiceName, { spec, live, active }: Declared): Generations {
  if (!spec.acceptors.includes(service)) return { live: [active], active };
  const uses = strategies[spec.strategy].acceptedBy === "clients";
  return { live, active: uses ? active : (live[0] ?? active) };
}

/**
 * The files of a service, sorted by name: Swarm keeps the order of references in the spec, and an unsorted list
 * would redeploy services at random.
 */
export function mountsFor(
  service: ServiceName,
  granted: readonly EntryName[],
  declared: readonly Declared[],
): readonly Mount[] {
  return present(granted, declared)
    .flatMap(({ entry, state }) => {
      const { live, active } = heldBy(service, state);
      return live.map((generation) => ({
        entry: entry.name,
        generation,
        file: fileName(entry.name, generation, active),
      }));
    })
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** The same where a platform hands values over in the environment (`runtime/environment.ts`): each with its variable, sorted. */
export function variablesFor(
  service: ServiceName,
  granted: readonly EntryName[],
  declared: readonly Declared[],
): readonly (Pick<Mount, "entry" | "generation"> & { readonly variable: string })[] {
  return mountsFor(service, granted, declared).map(({ entry, generation, file }) => ({
    entry,
    generation,
    variable: fileVariable(file),
  }));
}

/** The plain settings that tell a service where its secrets are: paths only. */
export function pathsFor(granted: readonly EntryName[], declared: readonly Declared[]): Record<string, string> {
  return Object.fromEntries(
    present(granted, declared).map(({ entry }) => [`${entry.name}_FILE`, `${secretsDirectory}/${entry.name}`]),
  );
}

/** The granted entries with what the stack declares of their secret; absent optional ones are left out. */
export function present(
  granted: readonly EntryName[],
  declared: readonly Declared[],
): readonly { readonly entry: CatalogEntry; readonly state: Declared }[] {
  return entries.flatMap((entry) => {
    const state = declared.find(({ secret }) => secret === entry.secret);
    return state !== undefined && granted.includes(entry.name) ? [{ entry, state }] : [];
  });
}

/** Of these secrets, those of which the service reads an entry. */
export const readBy = <D extends Pick<Declared, "spec">>(
  { secrets }: { readonly secrets: readonly EntryName[] },
  declared: readonly D[],
): readonly D[] => declared.filter(({ spec }) => secrets.some((entry) => entry in spec.entries));

/** Grants of a description that the catalog does not have: only reachable where a cast hid it from the compiler. */
export function ungranted(service: ServiceName, granted: readonly EntryName[]): readonly EntryName[] {
  return granted.filter((name) => !entries.some((entry) => entry.name === name && entry.consumers.includes(service)));
}
