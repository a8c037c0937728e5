import pRetry from "p-retry";
import { answerWithin, type Verdict } from "./provider.ts";

/** An answer, as far as it is looked at. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Times that a provider which is down, or has had enough of us, is asked again, and the first pause in milliseconds. */
const again = { retries: 2, minTimeout: 300, maxTimeout: 2000 } as const;

/** Longest body that is read, in characters: an answer to these questions is a line. */
const longest = 10_000;

/**
 * Sends one request, again when the provider is busy or can't be reached. No redirect is followed: it would take the
 * credential to an address that nobody configured.
 *
 * @throws Error with what went wrong, without the request's content
 */
export async function ask(url: string, init: RequestInit): Promise<Answer> {
  return pRetry(async () => {
    const response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(answerWithin) });
    const body = (await response.text()).slice(0, longest);
    if (response.status >= 500 || response.status === 429) throw new Error(`it answered ${response.status}`);
    return { status: response.status, body };
  }, again);
}

/** The verdict of a provider whose status says everything: 2xx, or 401 and 403. */
export async function verdictByStatus(url: string, init: RequestInit): Promise<Verdict> {
  try {
    const { status } = await ask(url, init);
    if (status >= 200 && status < 300) return { verdict: "accepted" };
    if (status === 401 || status === 403) return { verdict: "refused", why: `it answered ${status}` };
    return { verdict: "unknown", why: `it answered ${status}, which says nothing about the value` };
  } catch (error) {
    return { verdict: "unknown", why: failureOf(error) };
  }
}

/** Why there was no answer: the system's code, or one of our own messages. */
export function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return "it can't be reached";
  const { code } = (error.cause ?? error) as { readonly code?: unknown };
  if (typeof code === "string") return `it can't be reached (${code})`;
  if (error.name === "TimeoutError") return `it did not answer within ${answerWithin / 1000} s`;
  return /^it answered \d{3}$/.test(error.message) ? error.message : "it can't be reached";
}

/** `Authorization` of a name and a secret. */
export const basic = (name: string, secret: string): string =>
  `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}`;
