import { createTransport } from "nodemailer";
import { isLoopback } from "../../loopback.ts";
import { answerWithin, type Check } from "./provider.ts";

/** The submission server that mail is handed to. */
export interface SmtpSettings {
  readonly host?: string | undefined;
  readonly port: number;
  readonly user?: string | undefined;
  /** TLS from the first byte (port 465); otherwise STARTTLS is demanded, except on loopback. */
  readonly secure: boolean;
}

/** Logs in (SMTP AUTH, RFC 4954) and leaves: no mail is sent. */
export const checkSmtp: Check<SmtpSettings> = async ({ SMTP_PASSWORD: pass = "" }, { host, port, user, secure }) => {
  if (host === undefined || user === undefined) {
    return { verdict: "unasked", why: "set goimg-secrets:providers.smtp.host and .user" };
  }
  const transport = createTransport({
    host,
    port,
    secure,
    requireTLS: !secure && !isLoopback(host),
    auth: { user, pass },
    connectionTimeout: answerWithin,
    greetingTimeout: answerWithin,
    socketTimeout: answerWithin,
  });
  try {
    await transport.verify();
    return { verdict: "accepted" };
  } catch (error) {
    const { code = "no code", responseCode } = error as { readonly code?: string; readonly responseCode?: number };
    // 4xx is the server's trouble (454, for one: "temporary authentication failure"), whatever it was about.
    if (code === "EAUTH" && responseCode !== undefined && responseCode >= 500) {
      return { verdict: "refused", why: `it answered ${responseCode} to the login` };
    }
    return { verdict: "unknown", why: `it can't be asked (${[code, responseCode].filter(Boolean).join(" ")})` };
  } finally {
    transport.close();
  }
};
