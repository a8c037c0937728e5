/** What a service calls first: reads the manifest and every file it grants, checks them all, or refuses to start. */
import type { Manifest } from "./manifest.ts";
import type { Secrets } from "./secrets.ts";

export interface LoadOptions {
  /** Manifest instead of the file at `SECRETS_MANIFEST_FILE` (default `/run/goimg/manifest.json`). */
  manifest?: Manifest;
  /** Environment; `process.env` by default. Read: SECRETS_MANIFEST_FILE, SECRET_PROVIDER, GOIMG_ENV. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Name of the service that is starting; a manifest of another service is refused. */
  service?: string;
}

/** Rejects with `SecretsError`, which holds every finding at once. */
export function loadSecrets(options: LoadOptions = {}): Promise<Secrets> {
  return Promise.reject(new Error(`not built yet${options.service ?? ""}`));
}

/** `loadSecrets`, but prints each finding as a JSON line on stderr and exits with 78 when there is one. */
export function startOrExit(options: LoadOptions = {}): Promise<Secrets> {
  return loadSecrets(options);
}
