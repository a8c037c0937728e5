/** The library's whole surface: `import { startOrExit } from "../runtime/index.ts"`. */
export { EXIT_CONFIG, REASONS, SecretsError, type Finding, type Reason } from "./findings.ts";
export { inspectSecrets, loadSecrets, startOrExit, type Inspection, type LoadOptions } from "./load.ts";
export {
  fileNameOf,
  MANIFEST_PATH,
  MANIFEST_SCHEMA_ID,
  manifestSchema,
  parseManifest,
  SECRETS_DIRECTORY,
  type EntryFormat,
  type Manifest,
  type ManifestEntry,
  type ManifestSecret,
} from "./manifest.ts";
export { registerProvider, type ProviderContext, type ProviderFactory, type SecretProvider } from "./provider.ts";
export { ProviderError } from "./providerError.ts";
export { type LiveValue, type Secrets, type SecretsReport } from "./secrets.ts";
