import { age } from "./age.ts";
import { developmentStore } from "./development-store.ts";
import { encryptedState } from "./encrypted-state.ts";
import { keyMaterial } from "./key-material.ts";
import { leastPrivilege } from "./least-privilege.ts";
import type { Rule } from "./model/rule.ts";
import { noCatalogValue } from "./no-catalog-value.ts";
import { noPlaintextEnv } from "./no-plaintext-env.ts";
import { safeRollout } from "./safe-rollout.ts";
import { strength } from "./strength.ts";

/** The policies of the pack. Those with a memory of the run are made anew each time. */
export function rules(): readonly Rule[] {
  return [
    noPlaintextEnv,
    noCatalogValue(),
    strength,
    keyMaterial,
    age,
    leastPrivilege,
    encryptedState,
    safeRollout,
    developmentStore,
  ];
}
