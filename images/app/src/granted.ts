import type { Secrets } from "../../../runtime/secrets.ts";

/** The entry's live values, the active one first; none when it is not granted to this service or is switched off. */
export function liveValues(secrets: Secrets, entry: string): ReturnType<Secrets["generations"]> {
  const granted = secrets.manifest.secrets.some((secret) => secret.entries.some(({ name }) => name === entry));
  return granted ? secrets.generations(entry) : [];
}
