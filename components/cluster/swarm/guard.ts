import { unsafeReasons } from "../../rotation/guard.ts";
import type { Declared } from "../../secrets/declare.ts";
import { noPauses, rotationOf } from "../../secrets/rotation.ts";
import { factsOf, mountedBy } from "./facts.ts";
import type { Observed } from "./observe.ts";

/**
 * Why this declaration can't be reached from what runs in one update (ADR 2); none means that it can. Nothing is
 * remembered from earlier updates: what runs is asked, so it holds after crashes and edits by hand.
 */
export function unreachable(observed: Observed, declared: readonly Declared[]): readonly string[] {
  return declared.flatMap((state) =>
    unsafeReasons(
      rotationOf(state.secret, noPauses),
      state,
      factsOf(state.secret, observed, mountedBy, { highest: 0 }),
    ),
  );
}
