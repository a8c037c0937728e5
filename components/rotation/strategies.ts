import type { Strategy } from "../catalog/types.ts";
import type { Held } from "./facts.ts";

/** One secret's rules for rotating, from the catalog and the stack's settings. Times are in milliseconds. */
export interface Rotation {
  readonly secret: string;
  readonly strategy: Strategy;
  /** How long a generation stays accepted after the last client stopped using it. */
  readonly grace: number;
  /** `dual-key`: how long others may cache the JWKS, and so not know a new key yet. */
  readonly jwksCache: number;
  /** `dual-key`: how long a token signed just before a promotion is valid. */
  readonly tokenLifetime: number;
  /**
   * The job that changes what the backing service accepts logs in with this very secret (Redis' `admin`), so one of the
   * generations it is given must be accepted already. It has no other clients.
   * @default false
   */
  readonly administrative?: boolean;
  /**
   * What a service of that name holds once the declaration is carried out.
   * @default every live generation, and the active one
   */
  readonly held?: (service: string, declared: Held) => Held;
}

/** What a service is to hold once the declaration is carried out. */
export const expectedOf = (rotation: Rotation, service: string, { live, active }: Held): Held =>
  rotation.held?.(service, { live, active }) ?? { live, active };

/** What sets a strategy apart, as far as the order of steps goes. */
export interface StrategyRules {
  /**
   * What makes the backing service accept a generation, and so when it stops accepting one:
   *
   * - `clients`: the clients themselves (a JWT is checked by its signer's sister tasks), whenever one is replaced;
   * - `service`: the spec of the server, which rolls before its clients do;
   * - `jobs`: a job that gives the server exactly the live generations, before the clients roll;
   * - `nobody`: it is not ours to say (a third party), or nothing checks it.
   */
  readonly acceptedBy: "clients" | "service" | "jobs" | "nobody";
  /** Whether publishing is an edit of its own. Where nothing has to accept both, it comes with the promotion. */
  readonly publishesFirst: boolean;
  /** Keys that the backing service has room for. */
  readonly slots?: number;
}

/** Every strategy of the catalog. */
export const strategies: Readonly<Record<Strategy, StrategyRules>> = {
  "dual-key": { acceptedBy: "clients", publishesFirst: true },
  "alternating-users": { acceptedBy: "jobs", publishesFirst: true },
  "dual-password": { acceptedBy: "jobs", publishesFirst: true },
  "dual-access-key": { acceptedBy: "service", publishesFirst: true, slots: 2 },
  external: { acceptedBy: "nobody", publishesFirst: true },
  redeploy: { acceptedBy: "nobody", publishesFirst: false },
};

/** Whether a server of the stack refuses what is not declared: without the secret its clients are locked out. */
export const hasServer = ({ strategy }: Rotation): boolean =>
  ["service", "jobs"].includes(strategies[strategy].acceptedBy);

/**
 * Whether one update of an emergency drops the leaked generation and moves every client to a new one. A leaked value that is accepted
 * for one update more is worse than what is refused to the clients until they have moved (ADR 2). Not where a job logs in with the very
 * secret: it could not get in with the new value alone, and has no clients that would have to be moved.
 */
export const replacesInOneUpdate = ({ administrative }: Rotation): boolean => administrative !== true;

/** Whether a new generation must be known to every client's task before any task uses it (publish, then sign). */
export const publishesBeforeUse = ({ strategy }: Rotation): boolean => strategies[strategy].acceptedBy === "clients";
