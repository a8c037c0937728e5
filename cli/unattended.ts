import pRetry from "p-retry";
import { formatDuration } from "../components/rotation/schedule.ts";
import { OperatorError } from "./error.ts";

/** How an unattended run goes on after a failure. */
export interface Retries {
  /** Runs in all; 1 tries once. */
  readonly tries: number;
  /** Before the second run, in milliseconds; each later pause is twice as long. */
  readonly pause: number;
  readonly report: (line: string) => void;
}

/** Longest pause between two tries, in milliseconds. */
const longestPause = 3_600_000;

/**
 * Runs `work` again when it fails for a reason that may pass: a stack that somebody else is updating, a task that is slow. A
 * wrong command or setting (exit code 2) does not pass.
 *
 * @throws the last failure
 */
export async function retried<T>(work: () => Promise<T>, { tries, pause, report }: Retries): Promise<T> {
  return pRetry(work, {
    retries: tries - 1,
    minTimeout: pause,
    maxTimeout: longestPause,
    factor: 2,
    shouldRetry: ({ error }) => mayPass(error),
    onFailedAttempt: ({ error, retriesLeft, retriesConsumed }) => {
      if (retriesLeft === 0 || !mayPass(error)) return;
      const wait = Math.min(pause * 2 ** retriesConsumed, longestPause);
      report(`${error.message}\ntrying again in ${formatDuration(wait)}, ${retriesLeft} more times`);
    },
  });
}

const mayPass = (error: Error): boolean => error instanceof OperatorError && error.exitCode === 1;
