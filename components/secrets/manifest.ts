import { entriesFor, secretSpecs, type EntryName } from "../catalog/grants.ts";
import type { ServiceName } from "../catalog/types.ts";
import type { Manifest, ManifestSecret } from "../../runtime/manifest.ts";
import type { Declared } from "./declare.ts";
import { fileName, heldBy, present, secretsDirectory } from "./mounts.ts";

/** Where a service's manifest is mounted. */
export const manifestPath = "/run/goimg/manifest.json";

/** What a service's manifest is made from. */
export interface ManifestArgs {
  readonly service: ServiceName;
  readonly stack: string;
  readonly production: boolean;
  readonly granted: readonly EntryName[];
  readonly declared: readonly Declared[];
}

/**
 * What a service may read, in which generations, and what a valid value looks like: names and numbers, never a value.
 * The service's runtime checks its files against it (`runtime/manifest.schema.json`).
 */
export function manifestFor({ service, stack, production, granted, declared }: ManifestArgs): Manifest {
  const secrets: ManifestSecret[] = [];
  for (const { entry, state } of present(granted, declared)) {
    const held = heldBy(service, state);
    const described = {
      name: entry.name,
      format: entry.format,
      files: Object.fromEntries(held.live.map((g) => [String(g), fileName(entry.name, g, held.active)])),
    };
    const known = secrets.find(({ name }) => name === state.secret);
    if (known !== undefined) known.entries.push(described);
    else {
      secrets.push({
        name: state.secret,
        kind: state.spec.kind,
        strategy: state.spec.strategy,
        required: state.required,
        active: held.active,
        live: [...held.live],
        entries: [described],
      });
    }
  }
  for (const { name, secret, format } of absent(service, granted, declared)) {
    const { kind, strategy } = secretSpecs[secret];
    const off = { name: secret, kind, strategy, required: false, active: null, live: [] };
    const known = secrets.find((described) => described.name === secret);
    if (known === undefined) secrets.push({ ...off, entries: [{ name, format, files: {} }] });
    else known.entries.push({ name, format, files: {} });
  }
  return { version: 1, service, stack, production, directory: secretsDirectory, secrets };
}

/** Granted, and switched off in this stack: the service is told, so that it does not take the absence for damage. */
function absent(service: ServiceName, granted: readonly EntryName[], declared: readonly Declared[]) {
  return entriesFor(service).filter(
    ({ name, secret }) => granted.includes(name) && !declared.some((state) => state.secret === secret),
  );
}
