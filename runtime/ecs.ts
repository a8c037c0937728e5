/**
 * The provider `awsSecretsManager`: ECS's agent has read the values from Secrets Manager, by the execution role of this service, and put
 * them into its environment: the file `DB_PASSWORD` is `DB_PASSWORD`, the file `DB_PASSWORD.3` is `DB_PASSWORD__3`.
 *
 * It works on ECS alone (which sets ECS_CONTAINER_METADATA_URI_V4), and takes each variable out of the environment once it is read, so
 * that no process that the service starts inherits it.
 */
import type { SecretProvider } from "./provider.ts";
import { ProviderError } from "./providerError.ts";

/** @throws ProviderError `provider-unavailable` anywhere but on ECS */
export function ecsProvider(env: Readonly<Record<string, string | undefined>>): SecretProvider {
  if (!env["ECS_CONTAINER_METADATA_URI_V4"]) {
    throw new ProviderError("provider-unavailable", "awsSecretsManager works on ECS alone; set SECRET_PROVIDER=docker");
  }
  return {
    name: "awsSecretsManager",
    allowedInProduction: true,
    read(fileName) {
      const variable = fileName.replace(".", "__");
      const value = env[variable];
      if (value === undefined) {
        const message = `is not set; name ${variable} in the task definition's secrets (pulumi up)`;
        return Promise.reject(new ProviderError("missing", message));
      }
      if (env === process.env) Reflect.deleteProperty(process.env, variable);
      return Promise.resolve(Buffer.from(value, "utf8"));
    },
  };
}
