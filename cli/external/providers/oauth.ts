import * as z from "zod";
import { ask, failureOf } from "./http.ts";
import type { Verdict } from "./provider.ts";

/** Where an issuer's token endpoint is, and which application the secret belongs to. */
export interface OauthSettings {
  readonly url: string;
  /** Public; without it nothing can be asked. */
  readonly clientId?: string | undefined;
}

/** What differs between issuers. */
export interface Issuer {
  /** Path of the token endpoint. */
  readonly path: string;
  /** Names the setting that is missing. */
  readonly setting: string;
}

/** Errors of a token endpoint that mean: the application's credentials were looked at and are wrong. */
const refusals = new Set(["invalid_client", "incorrect_client_credentials"]);
/** Errors that come after the credentials were found to be right: the code is what is wrong, as it must be. */
const acceptances = new Set(["invalid_grant", "bad_verification_code"]);

const errorSchema = z.object({ error: z.string() });

/**
 * Tries to redeem an authorization code that nobody issued (RFC 6749, sections 4.1.3 and 5.2). A right secret gets as far as
 * the code; a wrong one does not. Nothing is issued either way.
 */
export async function checkOauth(
  secret: string,
  { url, clientId }: OauthSettings,
  { path, setting }: Issuer,
): Promise<Verdict> {
  if (clientId === undefined) return { verdict: "unasked", why: `set goimg-secrets:providers.${setting}.clientId` };
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    code: "goimg-secrets-checks-the-client-secret",
    redirect_uri: "http://127.0.0.1/",
    client_id: clientId,
    client_secret: secret,
  });
  try {
    const headers = { accept: "application/json" };
    const { status, body } = await ask(`${url}${path}`, { method: "POST", headers, body: form });
    const error = errorOf(body);
    if (refusals.has(error)) return { verdict: "refused", why: `it answered ${status} ${error}` };
    if (acceptances.has(error)) return { verdict: "accepted" };
    return { verdict: "unknown", why: `it answered ${status}, which says nothing about the value` };
  } catch (error) {
    return { verdict: "unknown", why: failureOf(error) };
  }
}

function errorOf(body: string): string {
  try {
    return errorSchema.parse(JSON.parse(body)).error;
  } catch {
    return "";
  }
}
