import type { Control } from "../control.ts";
import { backups } from "./backups.ts";
import { buildValidation } from "./buildValidation.ts";
import { encryptedAtRest } from "./encryptedAtRest.ts";
import { expiryTracked } from "./expiryTracked.ts";
import { failFast } from "./failFast.ts";
import { filePermissions } from "./filePermissions.ts";
import { leastPrivilege } from "./leastPrivilege.ts";
import { monitoredAccess } from "./monitoredAccess.ts";
import { neverCommitted } from "./neverCommitted.ts";
import { noHardcoded } from "./noHardcoded.ts";
import { notInInspect } from "./notInInspect.ts";
import { providerAbstraction } from "./providerAbstraction.ts";
import { rotation } from "./rotation.ts";
import { rs256 } from "./rs256.ts";
import { secretsManager } from "./secretsManager.ts";
import { separateEnvironments } from "./separateEnvironments.ts";
import { strongRandom } from "./strongRandom.ts";

/** The seven controls of S9-PROD-001 and the ten best practices, in the requirement's order. */
export const controls: readonly Control[] = [
  secretsManager,
  noHardcoded,
  providerAbstraction,
  failFast,
  notInInspect,
  rotation,
  rs256,
  neverCommitted,
  strongRandom,
  filePermissions,
  encryptedAtRest,
  separateEnvironments,
  monitoredAccess,
  leastPrivilege,
  expiryTracked,
  backups,
  buildValidation,
];
