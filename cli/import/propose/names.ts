import type { Group } from "./group.ts";

/** Names that say nothing without their service's. */
const vague =
  /^(?:PASSWORD|PASS|PASSWD|SECRET|TOKEN|KEY|API_KEY|API_TOKEN|AUTH|AUTH_TOKEN|SECRET_KEY|ADMIN_PASSWORD|CREDENTIALS|PIN|DSN)$/;
const longest = 48;

/** The names of secrets, in the order of the groups: each its own, and from the words of the project. */
export function namesOf(groups: readonly Group[]): readonly string[] {
  const wanted = groups.map((group) => ({ own: preferred(group), service: serviceOf(group), shared: isShared(group) }));
  const count = (name: string): number => wanted.filter(({ own }) => own === name).length;
  const taken = new Set<string>();
  return wanted.map(({ own, service, shared }) => {
    const long = service !== undefined && !own.startsWith(`${service}_`) ? `${service}_${own}` : own;
    const base = (count(own) > 1 || (vague.test(own) && !shared) ? long : own).slice(0, longest).replace(/_+$/, "");
    let name = base;
    for (let number = 2; taken.has(name); number++) name = `${base}_${number}`;
    taken.add(name);
    return name;
  });
}

/** Is it the value of one variable of the project, everywhere? Then that is its name. */
function isShared({ occurrences }: Group): boolean {
  const variable = occurrences[0]?.variable;
  return variable !== undefined && occurrences.every((each) => each.variable === variable);
}

/** The variable that all share; else that of the server itself; else the most used; else what the place suggests. */
function preferred({ occurrences, purposes }: Group): string {
  const [first] = occurrences;
  if (first === undefined) return "SECRET";
  const declared = occurrences.find(({ where }) => where === "declared secret");
  if (declared !== undefined) return clean(declared.name);
  if (first.variable !== undefined && isShared({ occurrences, purposes })) return clean(first.variable);
  const direct = occurrences
    .map((each, index) => ({ each, purpose: purposes[index] }))
    .filter(({ each }) => isDirect(each));
  const server = direct.find(({ each, purpose }) => purpose?.backing !== undefined && purpose.backing === each.service);
  if (server !== undefined) return clean(server.each.name);
  const names = direct.map(({ each }) => each.name);
  const used = mostUsed(names) ?? mostUsed(occurrences.flatMap(({ variable }) => variable ?? []));
  return clean(used ?? fromPlace(first, purposes[0]?.software?.id));
}

/** Is the whole value of a variable the secret? */
function isDirect({ where, start, end, subject }: Group["occurrences"][number]): boolean {
  return (where === "environment" || where === "unused variable") && start === 0 && end === subject.traced.text.length;
}

function mostUsed(names: readonly string[]): string | undefined {
  const count = (name: string): number => names.filter((each) => each === name).length;
  return [...new Set(names)].sort((a, b) => count(b) - count(a))[0];
}

function fromPlace({ where, name, service, rule }: Group["occurrences"][number], software: string | undefined): string {
  const owner = service ?? "";
  if (where === "environment" || where === "unused variable" || where === "build argument")
    return `${name.replace(/_(?:URL|URI|DSN|CONN|CONNECTION|STRING|CONNECTION_STRING)$/i, "")}_PASSWORD`;
  if (where === "label") return `${owner}_${/auth/i.test(name) ? "BASIC_AUTH" : "LABEL_SECRET"}`;
  if (where === "config" || where === "other")
    return `${owner}_${name.split(".").at(-1) ?? ""}_${rule === "url-credentials" ? "PASSWORD" : "SECRET"}`;
  const base = software === undefined || owner.includes(software) ? owner : `${owner}_${software}`;
  return `${base}_PASSWORD`;
}

function serviceOf({ occurrences, purposes }: Group): string | undefined {
  const service =
    purposes.find(({ backing }) => backing !== undefined)?.backing ??
    occurrences.find((each) => each.service !== undefined)?.service;
  return service === undefined ? undefined : clean(service);
}

/** Upper case, digits and single underscores, beginning with a letter. */
export function clean(name: string): string {
  const words = name
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_")
    .replace(/^[_\d]+|_+$/g, "");
  return words === "" ? "SECRET" : words;
}
