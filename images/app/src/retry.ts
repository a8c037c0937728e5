/**
 * Trying again. Every statement that goes through here is safe to repeat (reads, and writes under an id that the caller
 * chose), so a connection that ends in the middle (a role that is retired, a server that restarts) costs a client
 * milliseconds and not an error.
 */
import pRetry from "p-retry";
import { codeOf } from "./log.ts";

/** Node's codes of a connection that was not made or did not last; a name that does not resolve for a moment. */
const NETWORK = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENOTFOUND", "EAI_AGAIN"]);

/**
 * SQLSTATEs (PostgreSQL, appendix A) after which the same statement may succeed: class 08 connection exceptions,
 * 57P01–57P03 the server ends the session or is starting, 53300 too many connections, 40001 and 40P01 serialization.
 */
const SQLSTATE = /^(08...|57P0[123]|53300|40001|40P01)$/;

/** What `pg` says, without a code, of a connection that ended under a query or took too long to be made. */
const ENDED = [
  "Connection terminated",
  "timeout exceeded when trying to connect",
  "Client has encountered a connection error and is not queryable",
];

/** Whether trying again may help. */
export function isTransient(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isTransient);
  const code = codeOf(error);
  if (code !== null) return NETWORK.has(code) || SQLSTATE.test(code);
  return error instanceof Error && ENDED.some((words) => error.message.startsWith(words));
}

/** Delays between the tries, in milliseconds. */
export interface Patience {
  readonly retries: number;
  readonly first: number;
  readonly longest: number;
}

/** About 6 seconds in all, less than the gateway's patience: a server's restart fits, an outage is told soon. */
export const defaultPatience: Patience = { retries: 10, first: 50, longest: 1000 };

/** Runs `action`, and again while it fails for a transient reason. Rejects with the last error. */
export function retrying<T>(action: () => Promise<T>, patience: Patience = defaultPatience): Promise<T> {
  return pRetry(action, {
    retries: patience.retries,
    minTimeout: patience.first,
    maxTimeout: patience.longest,
    factor: 2,
    shouldRetry: ({ error }) => isTransient(error),
  });
}
