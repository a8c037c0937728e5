/**
 * The provider `awsSecretsManager`: ECS's agent has read the values from Secrets Manager, by the execution role of this service, and put
 * them into its environment. It works on ECS alone, which sets ECS_CONTAINER_METADATA_URI_V4.
 */
import { handedOver } from "./environment.ts";
import type { SecretProvider } from "./provider.ts";
import { ProviderError } from "./providerError.ts";

/** @throws ProviderError `provider-unavailable` anywhere but on ECS */
export function ecsProvider(env: Readonly<Record<string, string | undefined>>): SecretProvider {
  if (!env["ECS_CONTAINER_METADATA_URI_V4"]) {
    throw new ProviderError("provider-unavailable", "awsSecretsManager works on ECS alone; set SECRET_PROVIDER=docker");
  }
  return handedOver(
    "awsSecretsManager",
    env,
    (variable) => `name ${variable} in the task definition's secrets (pulumi up)`,
  );
}
