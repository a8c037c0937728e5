import { entries } from "../../../components/catalog/grants.ts";
import { detect } from "../../../policies/detect/index.ts";
import type { Control } from "../control.ts";
import type { ServiceFact } from "../facts.ts";

/** Values of SECRET_PROVIDER that name a secrets manager. */
const managers = ["docker", "vault", "awsSecretsManager", "digitalocean"];
const entryNames = new Set<string>(entries.map(({ name }) => name));

export const secretsManager: Control = {
  id: "secrets-manager",
  kind: "control",
  number: 1,
  title: "Secrets manager configured (not env vars)",
  how: "each running service's spec: what it mounts from the store, or may read there with its login (asked of Vault), its SECRET_PROVIDER, and each variable of its environment, judged by the detector",
  async check(facts) {
    const [services, store] = await Promise.all([facts.services(), facts.store()]);
    const stored = new Set(store.map(({ entry }) => entry));
    return {
      looked: store.length === 0 ? 0 : services.length,
      problems: services.flatMap((service) => [...missing(service, stored), ...unmanaged(service), ...plain(service)]),
      seen: {
        stored: store.map(({ entry, generation }) => `${entry}-g${generation}`).sort(),
        services: Object.fromEntries(services.map(({ name, mounts }) => [name, mounts.map(({ file }) => file)])),
        logins: Object.fromEntries(
          services.flatMap(({ name, access }) => (access === undefined ? [] : [[name, access.entries]])),
        ),
      },
    };
  },
};

function missing({ name, mounts, access }: ServiceFact, stored: ReadonlySet<string>): readonly string[] {
  const held = new Set([...mounts.map(({ entry }) => entry), ...(access?.entries ?? [])]);
  return entries
    .filter((entry) => (entry.consumers as readonly string[]).includes(name) && stored.has(entry.name))
    .filter((entry) => !held.has(entry.name))
    .map((entry) => `${name} is granted ${entry.name}, which the store has, and can't read it: run goimg-secrets up`);
}

function unmanaged({ name, mounts, env }: ServiceFact): readonly string[] {
  const provider = env["SECRET_PROVIDER"];
  if (mounts.length === 0 && provider === undefined) return [];
  if (provider !== undefined && managers.includes(provider)) return [];
  return [
    `${name} reads its secrets by SECRET_PROVIDER=${provider ?? "(unset)"}: set it to one of ${managers.join(", ")}`,
  ];
}

function plain({ name, env }: ServiceFact): readonly string[] {
  return Object.entries(env).flatMap(([variable, value]) => {
    const rule = entryNames.has(variable) ? "catalog-name" : detect(variable, value)?.rule;
    if (rule === undefined) return [];
    return [
      `${name} has a secret in its variable ${variable} (${rule}): mount it, and give the path in ${variable}_FILE`,
    ];
  });
}
