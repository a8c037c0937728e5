import { hostname } from "node:os";
import pRetry from "p-retry";
import type { Alert } from "./alerts.ts";

/**
 * Tells a webhook, again while it is busy. `text` is what chat services show.
 *
 * @throws Error with what may be told of the failure
 */
export async function postAlert(url: string, { stack, text }: Alert): Promise<void> {
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
    throw new Error("the webhook does not answer, or refuses");
  }
}
