import type { SecretName } from "../../../components/catalog/grants.ts";
import type { ProviderSettings } from "../settings.ts";
import { checkInfura } from "./infura.ts";
import { checkOauth } from "./oauth.ts";
import { checkPinata } from "./pinata.ts";
import type { EntryValues, Verdict } from "./provider.ts";
import { checkSmtp } from "./smtp.ts";

/** A third party that can be asked about one secret. */
export interface Provider {
  /** As people call it. */
  readonly name: string;
  readonly check: (values: EntryValues, settings: ProviderSettings) => Promise<Verdict>;
}

/** Who is asked about which secret. A secret that is not here is taken on the operator's word. */
export const providers: Readonly<Partial<Record<SecretName, Provider>>> = {
  IPFS_PINATA_JWT: { name: "Pinata", check: async (values, { pinata }) => checkPinata(values, pinata) },
  IPFS_INFURA: { name: "Infura", check: async (values, { infura }) => checkInfura(values, infura) },
  OAUTH_GITHUB_CLIENT_SECRET: {
    name: "GitHub",
    check: async ({ OAUTH_GITHUB_CLIENT_SECRET: secret = "" }, { github }) =>
      checkOauth(secret, github, { path: "/login/oauth/access_token", setting: "github" }),
  },
  OAUTH_GOOGLE_CLIENT_SECRET: {
    name: "Google",
    check: async ({ OAUTH_GOOGLE_CLIENT_SECRET: secret = "" }, { google }) =>
      checkOauth(secret, google, { path: "/token", setting: "google" }),
  },
  SMTP_PASSWORD: { name: "the SMTP server", check: async (values, { smtp }) => checkSmtp(values, smtp) },
};
