import type { Project } from "../compose/project.ts";
import { Value } from "../find/value.ts";
import { formatOf } from "./format.ts";
import type { ProposedEntry, ProposedSecret } from "./proposal.ts";

/** How the secret half of an access key is called, and its id beside it. */
const halves: readonly (readonly [secret: RegExp, id: readonly string[]])[] = [
  [/SECRET_ACCESS_KEY/i, ["ACCESS_KEY_ID", "ACCESS_KEY"]],
  [/SECRET_KEY_ID/i, ["ACCESS_KEY_ID"]],
  [/SECRET_KEY/i, ["ACCESS_KEY_ID", "ACCESS_KEY", "KEY_ID"]],
  [/ACCESS_SECRET/i, ["ACCESS_KEY_ID", "ACCESS_KEY"]],
  [/(?<=MINIO_)ROOT_PASSWORD/i, ["ROOT_USER"]],
  [/KEY_SECRET/i, ["KEY_ID", "ACCESS_KEY"]],
];

/** Joins the id and the secret half of access keys: they rotate together. */
export function paired(secrets: readonly ProposedSecret[], project: Project): readonly ProposedSecret[] {
  const ids = new Map<ProposedSecret, ProposedEntry>();
  const taken = new Set<ProposedSecret>();
  for (const secret of secrets) {
    const id = secret.kind === "rsaKeyPair" ? undefined : idOf(secret, secrets, project);
    if (id === undefined || taken.has(secret)) continue;
    ids.set(secret, id);
    const own = secrets.find((each) => each !== secret && each.entries[0]?.value?.reveal() === id.value?.reveal());
    if (own !== undefined) taken.add(own);
  }
  return secrets
    .filter((secret) => !taken.has(secret))
    .map((secret) => {
      const id = ids.get(secret);
      if (id === undefined) return secret;
      const minio = secret.feature === "minio";
      return {
        ...secret,
        name: pairName(secret.name, secrets),
        kind: "accessKeyPair",
        strategy: "dual-access-key",
        period: "6 months",
        feature: minio ? secret.feature : "object storage",
        entries: [id, ...secret.entries],
      };
    });
}

function pairName(name: string, secrets: readonly ProposedSecret[]): string {
  const short = name
    .replace(/_?SECRET_ACCESS_KEY$|_?SECRET_KEY$|_?ACCESS_SECRET$|_?KEY_SECRET$/, "_KEY")
    .replace(/_ROOT_PASSWORD$/, "_ROOT_KEY")
    .replace(/^_/, "");
  return short !== name && secrets.some((each) => each.name === short) ? `${short}_PAIR` : short;
}

function idOf(secret: ProposedSecret, secrets: readonly ProposedSecret[], project: Project): ProposedEntry | undefined {
  for (const entry of secret.entries) {
    for (const occurrence of entry.occurrences) {
      const { where, service, name } = occurrence;
      const environment =
        where === "environment" ? project.services.find((each) => each.name === service)?.environment : undefined;
      for (const [pattern, others] of halves) {
        if (environment === undefined || !pattern.test(name)) continue;
        const found = others
          .map((other) => name.replace(pattern, other))
          .find((other) => other !== name && (environment.get(other)?.text ?? "") !== "");
        const traced = found === undefined ? undefined : environment.get(found);
        if (found === undefined || traced === undefined) continue;
        return idEntry(found, traced.text, secret, secrets, project);
      }
    }
  }
  return undefined;
}

/** The id's entry: its uses are the variables that hold it beside the secret half. */
function idEntry(
  name: string,
  text: string,
  secret: ProposedSecret,
  secrets: readonly ProposedSecret[],
  project: Project,
): ProposedEntry {
  const own = secrets.find((each) => each !== secret && each.entries[0]?.value?.reveal() === text)?.entries[0];
  const idName =
    own?.name ??
    secret.entries[0]?.name.replace(/SECRET_ACCESS_KEY|SECRET_KEY|ACCESS_SECRET|KEY_SECRET|ROOT_PASSWORD/, (half) =>
      half === "ROOT_PASSWORD" ? "ROOT_USER" : half === "SECRET_ACCESS_KEY" ? "ACCESS_KEY_ID" : "ACCESS_KEY",
    ) ??
    name;
  const consumers = secret.entries[0]?.consumers ?? [];
  const occurrences =
    own?.occurrences ??
    project.services
      .filter((service) => consumers.includes(service.name))
      .flatMap((service) =>
        [...service.environment]
          .filter(([variable, traced]) => traced.text === text && /ACCESS_?KEY|ROOT_USER|KEY_ID/i.test(variable))
          .map(([variable, traced]) => ({
            service: service.name,
            where: "environment" as const,
            name: variable,
            value: new Value(text),
            encoding: "raw" as const,
            start: 0,
            end: text.length,
            subject: { service: service.name, where: "environment" as const, name: variable, traced },
            variable: undefined,
            at: traced.spans[0]?.at ?? traced.at,
            rule: "access-key-id",
          })),
      );
  return {
    name: idName === secret.entries[0]?.name ? `${idName}_ID` : idName,
    description: "access key id",
    format: own?.format ?? formatOf(text),
    consumers: own?.consumers ?? [...new Set(occurrences.flatMap(({ service }) => service ?? []))],
    uses: occurrences.map(({ service, where, name: variable, at, rule, start, end, subject, encoding }) => ({
      service,
      where,
      variable,
      whole: start === 0 && end === subject.traced.text.length,
      encoding,
      at,
      rule,
    })),
    occurrences,
    value: new Value(text),
  };
}
