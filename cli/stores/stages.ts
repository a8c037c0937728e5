import type { StoreKind, StoreSettings } from "../../components/stores/settings.ts";

/** From which store to which. */
export interface Move {
  readonly from: StoreKind;
  readonly to: StoreKind;
}

/**
 * How far a move is declared, which is all that is remembered of it:
 *
 * - `begin`: nothing but the old store.
 * - `copied`: every live generation is in both; services read from the old one.
 * - `switched`: both still; services read from the new one. The last stage that can be taken back.
 * - `retired`: the new store alone.
 */
export type Stage = "begin" | "copied" | "switched" | "retired";

export const stages: readonly Stage[] = ["begin", "copied", "switched", "retired"];

/** What a stage declares. */
export function declaredAt({ from, to }: Move, stage: Stage): Pick<StoreSettings, "store" | "keepIn"> {
  switch (stage) {
    case "begin":
      return { store: from, keepIn: [from] };
    case "copied":
      return { store: from, keepIn: [from, to] };
    case "switched":
      return { store: to, keepIn: [from, to] };
    case "retired":
      return { store: to, keepIn: [to] };
  }
}

/** The stage that a stack's settings are at; undefined when they are about other stores. */
export function stageOf(move: Move, { store, keepIn }: StoreSettings): Stage | undefined {
  return stages.find((stage) => {
    const declared = declaredAt(move, stage);
    return (
      declared.store === store &&
      declared.keepIn.length === keepIn.length &&
      keepIn.every((kind) => declared.keepIn.includes(kind))
    );
  });
}

/** The stages that are left, in their order. */
export const stagesAfter = (stage: Stage): readonly Stage[] => stages.slice(stages.indexOf(stage) + 1);
