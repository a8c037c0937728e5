import { createPrivateKey } from "node:crypto";
import { detect } from "../../../policies/detect/index.ts";
import { isPrivatePem } from "../../../policies/detect/encoded.ts";
import { isUrl } from "../../../policies/detect/values.ts";
import type { Kind, Period, Strategy } from "../../../components/catalog/types.ts";
import { get, itemsOf } from "../compose/node.ts";
import { sourceOf, type Project } from "../compose/project.ts";
import type { Occurrence } from "../find/occurrences.ts";
import { occurrencesOf } from "../find/occurrences.ts";
import { formatOf } from "./format.ts";
import { groupsOf, type Group } from "./group.ts";
import { missingSecrets } from "./missing.ts";
import { namesOf } from "./names.ts";
import { paired } from "./pairs.ts";
import type { ProposedEntry, ProposedSecret, Use } from "./proposal.ts";
import { isDataKey, isIssued, isTokenKey, type Software } from "./software.ts";

/** Proposes the secrets of a project: what its files hold, and what they ask for and nothing supplies. */
export function propose(project: Project): readonly ProposedSecret[] {
  const groups = groupsOf(occurrencesOf(project), project);
  const names = namesOf(groups);
  const secrets = groups.map((group, index) => secretOf(names[index] ?? "SECRET", group, project));
  return [...paired(secrets, project), ...missingSecrets(project, secrets)];
}

function secretOf(name: string, group: Group, project: Project): ProposedSecret {
  const { occurrences, purposes } = group;
  const software = purposes.find((purpose) => purpose.software !== undefined)?.software;
  const backing = [...new Set(purposes.flatMap((purpose) => purpose.backing ?? []))];
  const elsewhere = [...new Set(purposes.flatMap((purpose) => purpose.elsewhere ?? []))];
  const names = namesUsed(name, occurrences);
  const rotation = rotationOf(names, occurrences, { software, backing, elsewhere });
  const consumers = consumersOf(occurrences, project);
  const value = occurrences[0]?.value;
  const entry: ProposedEntry = {
    name,
    description: describe(name, rotation.feature),
    format: formatOf(value?.reveal() ?? ""),
    consumers,
    uses: occurrences.map(useOf),
    occurrences,
    value,
  };
  return {
    name,
    ...rotation,
    owner: backing[0] ?? consumers[0] ?? "unassigned",
    acceptors: rotation.kind === "external" ? [] : backing.filter((service) => consumers.includes(service)),
    entries: [entry],
    notes: [
      ...notesOf(names, occurrences, project),
      ...elsewhere.map((host) => `is accepted outside of this project (${host}): who runs it has to change it too`),
    ],
  };
}

/** What a secret is by its names, its value and what accepts it. */
function rotationOf(
  names: readonly string[],
  occurrences: readonly Occurrence[],
  {
    software,
    backing,
    elsewhere,
  }: { software: Software | undefined; backing: readonly string[]; elsewhere: readonly string[] },
): { kind: Kind; strategy: Strategy; period: Period; feature: string } {
  const value = occurrences[0]?.value.reveal() ?? "";
  const rule = occurrences[0]?.rule ?? "";
  if (isPrivatePem(value)) {
    const rsa = isRsa(value);
    const signs = names.some(isTokenKey) || names.some((name) => /SIGN/i.test(name));
    return {
      kind: rsa ? "rsaKeyPair" : "external",
      strategy: signs ? "dual-key" : "redeploy",
      period: "6 months",
      feature: "a private key",
    };
  }
  if (names.some(isTokenKey))
    return { kind: "password", strategy: "dual-key", period: "6 months", feature: "signing and checking tokens" };
  const issued = isIssued(names, rule) && (backing.length === 0 || software?.application === true);
  if (software !== undefined && elsewhere.length === 0 && !issued) {
    return { kind: "password", strategy: software.strategy, period: `${software.months} months`, feature: software.id };
  }
  if (elsewhere.length > 0 || issued)
    return { kind: "external", strategy: "external", period: "12 months", feature: "a service of a third party" };
  return { kind: "password", strategy: "redeploy", period: "12 months", feature: "the application" };
}

function isRsa(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}

function notesOf(names: readonly string[], occurrences: readonly Occurrence[], project: Project): readonly string[] {
  const notes: string[] = [];
  const value = occurrences[0]?.value.reveal() ?? "";
  if (detect("PASSWORD", value)?.rule === "weak-default") notes.push("is a well-known default: rotate it at once");
  else if (value.length < 16 && !isUrl(value)) notes.push("is shorter than 16 characters: rotate it soon");
  if (names.some(isDataKey))
    notes.push("encrypts stored data: a new value can't read what the old one wrote, so re-encrypt before you rotate");
  if (occurrences.some(({ rule }) => rule === "password-hash"))
    notes.push("is a hash: rotate the password behind it, then its hash");
  if (occurrences.some(({ where }) => where === "build argument"))
    notes.push("is a build argument, and so in the image's history: use a build secret");
  if (occurrences.some(({ where }) => where === "label"))
    notes.push("is in a label, which docker inspect shows to everyone: move it to a file");
  if (occurrences.every(({ where }) => where === "unused variable"))
    notes.push("reaches no service of these files: grant it, or delete it");
  const backed = new Set(occurrences.flatMap(({ service }) => service ?? []));
  const users = project.services.filter(({ name }) => backed.has(name)).length;
  if (users > 8) notes.push(`is held by ${users} services: ask whether all of them need it`);
  return notes;
}

/** The names that an occurrence goes by. */
function namesUsed(name: string, occurrences: readonly Occurrence[]): readonly string[] {
  const direct = occurrences.flatMap((each) => [
    ...(each.start === 0 && each.end === each.subject.traced.text.length ? [each.name] : []),
    ...(each.variable === undefined ? [] : [each.variable]),
  ]);
  return [...new Set([name, ...direct])];
}

/** The services that read it, in the order of the project; a config is read by those that mount it. */
function consumersOf(occurrences: readonly Occurrence[], project: Project): readonly string[] {
  const configs = new Set(occurrences.filter(({ where }) => where === "config").map(({ name }) => name));
  const own = new Set(occurrences.flatMap(({ service }) => service ?? []));
  return project.services
    .filter(
      ({ name, node }) =>
        own.has(name) || itemsOf(get(node, "configs")).some((item) => configs.has(sourceOf(item) ?? "")),
    )
    .map(({ name }) => name);
}

function useOf({ service, where, name, start, end, subject, encoding, at, rule }: Occurrence): Use {
  return {
    service,
    where,
    variable: name,
    whole: start === 0 && end === subject.traced.text.length,
    encoding,
    at,
    rule,
  };
}

function describe(name: string, feature: string): string {
  return `${name.toLowerCase().replaceAll("_", " ")} (${feature})`;
}
