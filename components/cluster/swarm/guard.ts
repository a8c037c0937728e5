import type Docker from "dockerode";
import { unsafeReasons } from "../../rotation/guard.ts";
import type { Declared } from "../../secrets/declare.ts";
import { rotationOf } from "../../secrets/rotation.ts";
import { factsOf, mountedBy } from "./facts.ts";
import { observeSwarm } from "./observe.ts";

/** No pause matters to whether a declaration can be reached in one update. */
const times = { grace: 0, jwksCache: 0, tokenLifetime: 0 };

/**
 * Why this declaration can't be reached from what runs in one update (ADR 2); none means that it can. Nothing is
 * remembered from earlier updates: what runs is asked, so it holds after crashes and edits by hand.
 *
 * @throws what the Docker API throws
 */
export async function unreachable(
  docker: Docker,
  stack: string,
  declared: readonly Declared[],
): Promise<readonly string[]> {
  const observed = await observeSwarm(docker, stack);
  return declared.flatMap((state) =>
    unsafeReasons(rotationOf(state.secret, times), state, factsOf(state.secret, observed, mountedBy, { highest: 0 })),
  );
}
