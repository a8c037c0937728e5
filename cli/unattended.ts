import { readFile, stat } from "node:fs/promises";
import { hostname } from "node:os";
import pRetry from "p-retry";
import { formatDuration } from "../components/rotation/schedule.ts";
import { OperatorError } from "./error.ts";
import { isLoopback } from "./loopback.ts";

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

/** What goes to the webhook: names, numbers and reasons, never a value. */
export interface Alert {
  readonly stack: string;
  /** What a person reads first. `text` is what chat services show. */
  readonly text: string;
}

/**
 * The webhook's address from a file that only its owner reads: who has a chat service's webhook may write to the channel, so
 * the address is a secret, and goes neither into an argument nor into a unit file.
 *
 * @throws OperatorError if the file can't be read, is open to others, or holds no https address
 */
export async function readAlertUrl(file: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(file, "utf8")).trim();
  } catch (error) {
    throw new OperatorError(
      `--alert-file ${file} can't be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`,
      2,
    );
  }
  const { mode } = await stat(file);
  const problems = [
    ...((mode & 0o077) === 0 ? [] : [`others may read it: chmod 600 ${file}`]),
    ...(isAddress(text) ? [] : ["it has to hold one https address, the webhook's (http on this machine alone)"]),
  ];
  if (problems.length > 0) throw new OperatorError(`--alert-file ${file}: ${problems.join("; ")}`, 2);
  return text;
}

function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname: host } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && isLoopback(host));
}

/** Tells the webhook. A webhook that does not answer is said on standard error, and hides nothing of what went wrong before. */
export async function sendAlert(url: string, { stack, text }: Alert, report: (line: string) => void): Promise<void> {
  const body = JSON.stringify({ text: `${stack} on ${hostname()}: ${text}`, stack, host: hostname() });
  try {
    await pRetry(
      async () => {
        const init = { method: "POST", headers: { "content-type": "application/json" }, body };
        const response = await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(10_000) });
        await response.body?.cancel();
        if (!response.ok) throw new Error(`status ${response.status}`);
      },
      { retries: 3, minTimeout: 500 },
    );
  } catch {
    report("the alert could not be sent: the webhook does not answer, or refuses");
  }
}
