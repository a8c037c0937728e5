import { hostname } from "node:os";
import pRetry from "p-retry";
import { OperatorError } from "../error.ts";
import { readSettings } from "../external/settings.ts";
import { loadValues, readSupplied } from "../external/store.ts";
import { readDeclared } from "../rotation/declared.ts";
import { smtpFailure, transportOf, type SmtpServer } from "../smtp.ts";
import type { StackContext } from "../stack.ts";
import type { Alert } from "./alerts.ts";

/** Hands mails to the stack's submission server, with the login that the stack's config holds. */
export interface Mailer {
  /** @throws OperatorError with what may be told of the failure */
  readonly send: (to: readonly string[], alert: Alert) => Promise<void>;
}

/**
 * Makes sure that mail can be sent, as far as that can be seen without decrypting anything.
 *
 * @throws OperatorError with every setting that is missing
 */
export async function openMailer(context: StackContext): Promise<Mailer> {
  const { configFile, stack } = context;
  const [{ smtp }, declared, supplied] = await Promise.all([
    readSettings(configFile),
    readDeclared(configFile),
    readSupplied(configFile),
  ]);
  const { host, user } = smtp;
  const generation = declared.SMTP_PASSWORD.active;
  const hasPassword = supplied.get("SMTP_PASSWORD")?.includes(generation) === true;
  const field = `goimg-secrets:external.SMTP_PASSWORD["${generation}"]`;
  const problems = [
    ...(host === undefined
      ? [`no server is named: pulumi config set --path 'goimg-secrets:providers.smtp.host' smtp.example.com`]
      : []),
    ...(user !== undefined && !hasPassword
      ? [`${user} has no password: pulumi config set --secret --path '${field}'`]
      : []),
  ];
  if (problems.length > 0 || host === undefined) {
    throw new OperatorError(
      `mail can't be sent from the stack ${stack}:\n${problems.map((line) => `  - ${line}`).join("\n")}`,
      2,
    );
  }
  const server = { ...smtp, host };
  const password = async (): Promise<string> =>
    (await loadValues(context, "SMTP_PASSWORD", generation))["SMTP_PASSWORD"] ?? "";
  return {
    send: async (to, alert) =>
      deliver(server, user === undefined ? undefined : { user, pass: await password() }, mailOf(server, to, alert)),
  };
}

function mailOf({ host, user, from }: SmtpServer, to: readonly string[], { stack, text }: Alert) {
  const [first = ""] = text.split("\n");
  return {
    from: { name: "goimg-secrets", address: from ?? (user?.includes("@") === true ? user : `goimg-secrets@${host}`) },
    to: [...to],
    subject: `[goimg-secrets] ${stack}: ${first.length > 120 ? `${first.slice(0, 117)}...` : first}`,
    text: `${text}\n\n-- \nstack ${stack}, on ${hostname()}\n`,
    // Vacation notices answer mails without it (RFC 3834).
    headers: { "Auto-Submitted": "auto-generated" },
  };
}

async function deliver(
  server: SmtpServer,
  auth: { readonly user: string; readonly pass: string } | undefined,
  mail: ReturnType<typeof mailOf>,
): Promise<void> {
  try {
    await pRetry(
      async () => {
        const transport = transportOf(server, auth);
        try {
          await transport.sendMail(mail);
        } finally {
          transport.close();
        }
      },
      // A refusal is final: the same login again may lock the account.
      { retries: 3, minTimeout: 500, shouldRetry: ({ error }) => !smtpFailure(error).final },
    );
  } catch (error) {
    const { login, codes } = smtpFailure(error);
    throw new OperatorError(
      login
        ? `the mail server refuses the login (${codes}): rotate SMTP_PASSWORD`
        : `the mail server did not take it (${codes})`,
    );
  }
}
