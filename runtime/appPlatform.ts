/**
 * The provider `digitalocean`: App Platform has decrypted the component's variables of the type SECRET and put them into its environment.
 *
 * It works on App Platform alone, which fills in DIGITALOCEAN_APP_ID (`${APP_ID}` in the app's spec) with the app's UUID.
 */
import { handedOver } from "./environment.ts";
import type { SecretProvider } from "./provider.ts";
import { ProviderError } from "./providerError.ts";

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws ProviderError `provider-unavailable` anywhere but on App Platform */
export function appPlatformProvider(env: Readonly<Record<string, string | undefined>>): SecretProvider {
  if (!uuid.test(env["DIGITALOCEAN_APP_ID"] ?? "")) {
    throw new ProviderError(
      "provider-unavailable",
      "digitalocean works on App Platform alone; set SECRET_PROVIDER=docker",
    );
  }
  return handedOver("digitalocean", env, (variable) => `name ${variable} in the component's envs (pulumi up)`);
}
