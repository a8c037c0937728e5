import { consumersOf, secretSpecs, type SecretName } from "../catalog/grants.ts";
import type { ServiceName } from "../catalog/types.ts";
import { strategies, type Rotation } from "../rotation/strategies.ts";
import { heldBy } from "./mounts.ts";

/** Times that a rotation keeps to, in milliseconds. */
export interface Times {
  readonly grace: number;
  /** How long others may cache the JWKS (`JWKS_MAX_AGE` of the API). */
  readonly jwksCache: number;
  /** How long an access token is valid (`TOKEN_SECONDS` of the API). */
  readonly tokenLifetime: number;
}

/** Where no pause matters, or none is made: a look at what is, the guard, an emergency. */
export const noPauses: Times = { grace: 0, jwksCache: 0, tokenLifetime: 0 };

/** The catalog's rules of a secret, as the state machine takes them. */
export function rotationOf(secret: SecretName, times: Times): Rotation {
  const spec = secretSpecs[secret];
  return {
    secret,
    strategy: spec.strategy,
    ...times,
    administrative:
      strategies[spec.strategy].acceptedBy === "jobs" &&
      consumersOf(secret).every((service) => spec.acceptors.includes(service)),
    held: (service, declared) =>
      heldBy(service as ServiceName, { secret, spec, required: false, live: declared.live, active: declared.active }),
  };
}
