import type { Format, Kind, Period, Strategy } from "../../../components/catalog/types.ts";
import type { Place } from "../compose/traced.ts";
import type { Encoding } from "../find/encodings.ts";
import type { Occurrence } from "../find/occurrences.ts";
import type { Value } from "../find/value.ts";

/** A place where a value reaches a service: what the proposal says of it, and never the value. */
export interface Use {
  readonly service: string | undefined;
  readonly where: Occurrence["where"];
  /** Variable, label, argument or key. */
  readonly variable: string;
  /** Is it all of the text there, or a part? */
  readonly whole: boolean;
  readonly encoding: Encoding;
  /** Where the value itself is written. */
  readonly at: Place;
  readonly rule: string;
}

/** An entry of a proposed secret: one value. */
export interface ProposedEntry {
  readonly name: string;
  readonly description: string;
  readonly format: Format;
  readonly consumers: readonly string[];
  readonly uses: readonly Use[];
  readonly occurrences: readonly Occurrence[];
  /** Generation 0; undefined if no file holds it. */
  readonly value: Value | undefined;
}

/** A secret that the catalog should have. */
export interface ProposedSecret {
  readonly name: string;
  readonly kind: Kind;
  readonly strategy: Strategy;
  readonly period: Period;
  readonly owner: string;
  readonly feature: string;
  readonly acceptors: readonly string[];
  readonly entries: readonly ProposedEntry[];
  /** What the operator should know before adopting it. */
  readonly notes: readonly string[];
}
