import type { EntryName } from "../../../components/catalog/grants.ts";
import type { GeneratedEntry } from "../../../components/secrets/generations.ts";
import type { Consumer, Store } from "../../../components/stores/store.ts";

/** One generation of one entry. */
export interface Wanted {
  readonly entry: EntryName;
  readonly generation: number;
}

/**
 * What the contract test asks of a store. A store is added by one more of these in `contract.test.ts`: everything that it must do is
 * in the contract, everything that it may differ in is a field here.
 */
export interface StoreUnderTest {
  readonly kind: Store["kind"];
  /** Settings of the engine and of the store's provider. */
  readonly env: Readonly<Record<string, string>>;
  /** Plugins that the engine takes from a folder, in the place of others. */
  readonly plugins?: readonly { readonly name: string; readonly path: string }[];
  /** Whether it keeps one consumer from another's entries. A store that does not is refused in production. */
  readonly grants: boolean;
  /** Whether it refuses a second value under a number that was retired by itself (the guard does for every store). */
  readonly remembersNumbers: boolean;
  /** Bytes that a value may have. */
  readonly maxBytes: number;
  /** Whether it refuses a value with a NUL character, which can't be in an environment. */
  readonly withoutNul?: boolean;
  /** Type of the resource that is one generation. */
  readonly type: string;
  /** The store's component, inside a program. */
  make(generated: readonly GeneratedEntry[], consumers: readonly Consumer[], production: boolean): Store;
  /** What is in the store, as `ENTRY.G`, sorted: asked of the store itself, not of Pulumi. */
  stored(): Promise<readonly string[]>;
  /** SHA-256 of each wanted value, by `ENTRY.G`, as that consumer reads it by the way that services do; refused ones are missing. */
  seenBy(consumer: Consumer, wanted: readonly Wanted[]): Promise<ReadonlyMap<string, string>>;
  /** Everything that the store writes about a generation beside its value: names, labels, logs, metadata. */
  traces(): Promise<string>;
  /** Removes what a killed run has made, where the store can't take it over; `known` is the state's text. */
  mend?(known: string): Promise<void>;
  /** Ends what it started. */
  close(): Promise<void>;
}

/** `ENTRY.G`. */
export const keyOf = ({ entry, generation }: Wanted): string => `${entry}.${generation}`;
