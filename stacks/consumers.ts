import type { Declared } from "../components/secrets/declare.ts";
import { present } from "../components/secrets/mounts.ts";
import type { ServiceSpec } from "../components/services/service.ts";
import type { Consumer } from "../components/stores/store.ts";

/** Who reads which of the entries that the stack has. */
export function consumersOf(services: readonly ServiceSpec[], declared: readonly Declared[]): readonly Consumer[] {
  return services
    .filter(({ secrets }) => secrets.length > 0)
    .map(({ name, secrets }) => ({ name, secrets: present(secrets, declared).map(({ entry }) => entry.name) }));
}
