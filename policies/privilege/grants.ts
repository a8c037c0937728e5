import { entries } from "../../components/catalog/grants.ts";
import { entryOfVariable } from "../../runtime/environment.ts";
import { isName } from "../model/paths.ts";
import { listAt, textAt } from "../model/properties.ts";
import type { Context, Resource, Violation } from "../model/rule.ts";
import { matches, recordSetting } from "../model/settings.ts";
import { withoutGeneration } from "../state/generations.ts";
import { stores } from "../values/holders.ts";
import { secretVariables } from "./variables.ts";

/** Services that mount an entry that they were not granted. The grants are the catalog's `consumers`, or the setting. */
export function grantProblems(resources: readonly Resource[], context: Context): readonly Violation[] {
  const stored = resources.filter(({ type }) => stores.has(type));
  const services = resources.filter(({ type }) => type === "docker:index:Service");
  return services.flatMap((service) => {
    const name = serviceName(service);
    const granted = grantsOf(name, context);
    if (granted === undefined) return [];
    return mounted(service, stored)
      .filter((resource) => label(resource, "goimg.login") !== name)
      .map((resource) => entryOf(resource))
      .filter((entry) => !granted.some((pattern) => matches(pattern, entry)))
      .map((entry) => ({
        rule: "grant",
        message: `${shown(name)} mounts ${shown(entry)}, which it was not granted: add it to the entry's consumers, or take it off the service`,
        urn: service.urn,
      }));
  });
}

/** Components of an app that get a variable of an entry that they were not granted. The app's own are everybody's. */
export function variableProblems(app: Resource, context: Context): readonly Violation[] {
  return secretVariables(app).flatMap(({ path, component, key }): readonly Violation[] => {
    const { entry } = entryOfVariable(key);
    const granted = component === undefined ? sharedGrants(entry) : grantsOf(component, context);
    if (granted === undefined || granted.some((pattern) => matches(pattern, entry))) return [];
    const fix = "add it to the entry's consumers, or take it off the component";
    const who = component === undefined ? "every component" : shown(component);
    return [
      {
        rule: "grant",
        message: `${path} gives ${who} ${shown(entry)}, which it was not granted: ${fix}`,
        urn: app.urn,
      },
    ];
  });
}

/** No entry of the catalog is for every component; of other projects' nothing is known. */
const sharedGrants = (entry: string): readonly string[] | undefined =>
  entries.some(({ name }) => name === entry) ? [] : undefined;

const shown = (name: string): string => (isName(name) ? name : "(a name that is not shown)");

/** By what the service was computed from, which a preview knows before any id; and by id or name, for ids given as text. */
function mounted(service: Resource, stored: readonly Resource[]): readonly Resource[] {
  const computedFrom = new Set([...service.dependsOn.values()].flat());
  const references = listAt(service.props, "taskSpec", "containerSpec", "secrets");
  const ids = new Set(references.flatMap((secret) => [textAt(secret, "secretId"), textAt(secret, "secretName")]));
  return stored.filter(({ urn, props }) => {
    const known = [textAt(props, "id"), textAt(props, "name")].filter((id) => id !== undefined);
    return computedFrom.has(urn) || known.some((id) => ids.has(id));
  });
}

function serviceName(service: Resource): string {
  return label(service, "goimg.service") ?? service.name;
}

function entryOf(stored: Resource): string {
  return label(stored, "goimg.entry") ?? withoutGeneration(stored.name);
}

function label({ props }: Resource, name: string): string | undefined {
  const found = listAt(props, "labels").find((candidate) => textAt(candidate, "label") === name);
  return textAt(found, "value");
}

/** Undefined where nothing is known of the service: other projects name their grants in the policy config. */
function grantsOf(service: string, context: Context): readonly string[] | undefined {
  const configured = recordSetting(context, "grants");
  if (Object.keys(configured).length > 0) {
    return listAt(configured, service).filter((entry): entry is string => typeof entry === "string");
  }
  const consumed = entries.filter(({ consumers }) => (consumers as readonly string[]).includes(service));
  return consumed.length > 0 || knownServices.has(service) ? consumed.map(({ name }) => name) : undefined;
}

const knownServices: ReadonlySet<string> = new Set([
  ...entries.flatMap(({ consumers }) => [...consumers]),
  // They read no secret at all.
  "ingress",
  "metrics",
  "postgres",
  "redis",
]);
