import type { StackContext } from "../stack.ts";
import { openMailer, type Mailer } from "./mail.ts";
import { readPlaces, type Place } from "./places.ts";
import { postAlert } from "./webhook.ts";

/** What is told: names, numbers and reasons, never a value. */
export interface Alert {
  readonly stack: string;
  /** What a person reads first; its first line is a mail's subject. */
  readonly text: string;
}

/** Where a stack's alerts go, ready to be told. */
export interface Alerts {
  /**
   * Tells every place, side by side. One that can't be reached is said on standard error, without its address: it fails nothing,
   * and hides nothing of what went wrong before.
   */
  readonly send: (text: string) => Promise<void>;
}

/**
 * Opens the places of an alert file: webhooks and mail addresses.
 *
 * @param file undefined tells nobody
 * @throws OperatorError (exit code 2) with everything that would keep an alert from being sent, as far as that is known before
 */
export async function openAlerts(
  context: StackContext,
  file: string | undefined,
  report: (line: string) => void,
): Promise<Alerts> {
  const places = file === undefined ? [] : await readPlaces(file);
  const mailer = places.some(({ kind }) => kind === "mail") ? await openMailer(context) : undefined;
  return {
    send: async (text) => {
      const told = places.map(async (place) => {
        try {
          await tell(place, mailer, { stack: context.stack, text });
        } catch (error) {
          report(`the alert could not be sent: ${error instanceof Error ? error.message : "unknown error"}`);
        }
      });
      await Promise.all(told);
    },
  };
}

async function tell(place: Place, mailer: Mailer | undefined, alert: Alert): Promise<void> {
  if (place.kind === "webhook") await postAlert(place.url, alert);
  else await mailer?.send(place.to, alert);
}
