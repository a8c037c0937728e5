import { entriesFor } from "../../../components/catalog/grants.ts";
import type { ServiceName } from "../../../components/catalog/types.ts";
import type { Control } from "../control.ts";
import type { ServiceFact } from "../facts.ts";

export const leastPrivilege: Control = {
  id: "least-privilege",
  kind: "practice",
  number: 7,
  title: "Implement least privilege (service-specific secrets)",
  how: "what each service mounts, what its login to Vault may read (asked of Vault), and what each running container finds in /run/secrets, against its grants in the catalog; user, capabilities and root file system of what holds secrets",
  async check(facts) {
    const [services, insides] = await Promise.all([facts.services(), facts.insides()]);
    return {
      looked: services.reduce((sum, { mounts }) => sum + mounts.length, 0),
      problems: [
        ...services.flatMap(serviceProblems),
        ...insides.flatMap(({ service, files }) => {
          const mounted = services.filter(({ name }) => name === service).flatMap(({ mounts }) => mounts);
          return files
            .filter(({ name }) => !mounted.some(({ file }) => file === name))
            .map(({ name }) => `${service} finds ${name}, which its spec does not mount`);
        }),
      ],
      seen: {
        grants: Object.fromEntries(
          services
            .filter(({ mounts }) => mounts.length > 0)
            .map(({ name, mounts, access }) => [name, [...mounts.map(({ file }) => file), ...(access?.entries ?? [])]]),
        ),
      },
    };
  },
};

function serviceProblems({ name, mounts, access, user, dropsAll, readOnly }: ServiceFact): readonly string[] {
  if (mounts.length === 0) return [];
  const granted: readonly string[] = entriesFor(name as ServiceName).map((entry) => entry.name);
  const [uid = ""] = user.split(":");
  return [
    ...mounts
      .filter(({ entry, login }) => login === undefined && (entry === undefined || !granted.includes(entry)))
      .map(({ file, entry }) => `${name} mounts ${entry ?? file}, which the catalog does not grant it`),
    ...mounts
      .filter(({ login }) => login !== undefined && login !== name)
      .map(({ login }) => `${name} mounts what ${login ?? ""} logs in with`),
    ...(access?.entries ?? [])
      .filter((entry) => !granted.includes(entry))
      .map((entry) => `${name}'s login may read ${entry}, which the catalog does not grant it: goimg-secrets up`),
    ...(access?.others ?? []).map((other) => `${name}'s login may do more than read its entries: ${other}`),
    ...(uid === "" || uid === "0" || uid === "root" ? [`${name} runs as root`] : []),
    ...(dropsAll ? [] : [`${name} keeps Linux capabilities: drop ALL`]),
    ...(readOnly ? [] : [`${name}'s root file system can be written to`]),
  ];
}
