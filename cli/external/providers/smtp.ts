import { smtpFailure, transportOf, type SmtpSettings } from "../../smtp.ts";
import type { Check } from "./provider.ts";

/** Logs in (SMTP AUTH, RFC 4954) and leaves: no mail is sent. */
export const checkSmtp: Check<SmtpSettings> = async ({ SMTP_PASSWORD: pass = "" }, { host, user, ...settings }) => {
  if (host === undefined || user === undefined) {
    return { verdict: "unasked", why: "set goimg-secrets:providers.smtp.host and .user" };
  }
  const transport = transportOf({ host, ...settings }, { user, pass });
  try {
    await transport.verify();
    return { verdict: "accepted" };
  } catch (error) {
    const { login, codes, answer } = smtpFailure(error);
    if (login) return { verdict: "refused", why: `it answered ${String(answer)} to the login` };
    return { verdict: "unknown", why: `it can't be asked (${codes})` };
  } finally {
    transport.close();
  }
};
