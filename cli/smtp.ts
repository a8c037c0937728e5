import { createTransport } from "nodemailer";
import { isLoopback } from "./loopback.ts";

/** The submission server that mail is handed to: the stack's plain config `goimg-secrets:providers.smtp`. */
export interface SmtpSettings {
  readonly host?: string | undefined;
  readonly port: number;
  readonly user?: string | undefined;
  /** Sender of mails. */
  readonly from?: string | undefined;
  /** TLS from the first byte (port 465); otherwise STARTTLS is demanded, except on loopback. */
  readonly secure: boolean;
}

/** A server that is named. */
export type SmtpServer = SmtpSettings & { readonly host: string };

/** How long each step of a conversation may take, in milliseconds. */
const timeout = 10_000;

/**
 * A connection to the server, not opened yet. Without TLS nothing crosses the network.
 *
 * @param auth the login; without it none is made
 */
export const transportOf = (
  { host, port, secure }: SmtpServer,
  auth: { readonly user: string; readonly pass: string } | undefined,
) =>
  createTransport({
    host,
    port,
    secure,
    requireTLS: !secure && !isLoopback(host),
    ...(auth === undefined ? {} : { auth: { ...auth } }),
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
  });

/** What may be told of a failure: codes. What a server says may repeat what it was sent. */
export interface SmtpFailure {
  /** The server refused the login for good. */
  readonly login: boolean;
  /** The same would fail again. */
  readonly final: boolean;
  /** The library's code, and the server's if it answered. */
  readonly codes: string;
  readonly answer: number | undefined;
}

export function smtpFailure(error: unknown): SmtpFailure {
  const { code = "no code", responseCode } = error as { readonly code?: string; readonly responseCode?: number };
  // 4xx is the server's trouble (454, for one: "temporary authentication failure"), whatever it was about.
  const final = responseCode !== undefined && responseCode >= 500;
  return {
    final,
    login: code === "EAUTH" && final,
    codes: [code, responseCode].filter(Boolean).join(" "),
    answer: responseCode,
  };
}
