import { classifyName } from "../../../policies/detect/names.ts";
import { isMask } from "../../../policies/detect/values.ts";
import type { Project } from "../compose/project.ts";
import type { Place } from "../compose/traced.ts";
import { clean } from "./names.ts";
import type { ProposedSecret } from "./proposal.ts";
import { isIssued, isTokenKey, softwareOfVariable } from "./software.ts";

interface Wanted {
  readonly variable: string;
  readonly at: Place;
  readonly service: string | undefined;
  readonly name: string;
}

/** Secrets that the project's files ask for and nothing supplies: proposed without a value. */
export function missingSecrets(project: Project, known: readonly ProposedSecret[]): readonly ProposedSecret[] {
  const byVariable = new Map<string, Wanted[]>();
  for (const wanted of [...unset(project), ...placeholders(project)]) {
    if (known.some((secret) => secret.name === clean(wanted.variable))) continue;
    byVariable.set(wanted.variable, [...(byVariable.get(wanted.variable) ?? []), wanted]);
  }
  return [...byVariable].map(([variable, wanted]) => secretWithoutValue(variable, wanted));
}

function isSecretName(name: string): boolean {
  const kind = classifyName(name);
  return kind === "password" || kind === "secret";
}

function unset(project: Project): readonly Wanted[] {
  return project.unset
    .filter(({ variable }) => isSecretName(variable))
    .flatMap(({ variable, at }): Wanted[] => {
      const found = project.services.flatMap((service) =>
        [...service.environment]
          .filter(([, traced]) => traced.at.file === at.file && traced.at.line === at.line)
          .map(([name]) => ({ variable, at, service: service.name, name })),
      );
      const bare = project.services
        .filter(({ environment, node }) => !environment.has(variable) && isNear(node.at, at, project))
        .map((service) => ({ variable, at, service: service.name, name: variable }));
      return found.length > 0 ? found : bare.length > 0 ? bare : [{ variable, at, service: undefined, name: variable }];
    });
}

/** Is the place within the service's part of the file? Nothing is said of services that other files make. */
function isNear(start: Place, at: Place, project: Project): boolean {
  const later = project.services
    .map(({ node }) => node.at)
    .filter(({ file, line }) => file === start.file && line > start.line);
  return start.file === at.file && at.line >= start.line && later.every(({ line }) => at.line < line);
}

/** `<your password>` and the like under the name of a secret. */
function placeholders(project: Project): readonly Wanted[] {
  return project.services.flatMap((service) =>
    [...service.environment]
      .filter(([name, { text }]) => isSecretName(name) && isMask(text))
      .map(([name, { at, spans }]) => ({
        variable: spans[0]?.variable ?? name,
        at: spans[0]?.at ?? at,
        service: service.name,
        name,
      })),
  );
}

function secretWithoutValue(variable: string, wanted: readonly Wanted[]): ProposedSecret {
  const names = [variable, ...wanted.map(({ name }) => name)];
  const software = names.map(softwareOfVariable).find((each) => each !== undefined);
  const issued = software === undefined && isIssued(names, "");
  const signs = names.some(isTokenKey);
  const consumers = [...new Set(wanted.flatMap(({ service }) => service ?? []))];
  const name = clean(variable);
  return {
    name,
    kind: issued ? "external" : "password",
    strategy: issued ? "external" : signs ? "dual-key" : (software?.strategy ?? "redeploy"),
    period: signs ? "6 months" : issued ? "12 months" : `${software?.months ?? 12} months`,
    owner: consumers[0] ?? "unassigned",
    feature: software?.id ?? "the application",
    acceptors: [],
    entries: [
      {
        name,
        description: name.toLowerCase().replaceAll("_", " "),
        format: { type: "text", minLength: 1 },
        consumers,
        uses: wanted.map(({ service, name: used, at }) => ({
          service,
          where: "environment",
          variable: used,
          whole: true,
          encoding: "raw",
          at,
          rule: "no-value",
        })),
        occurrences: [],
        value: undefined,
      },
    ],
    notes: ["no file holds its value: supply it, or have generation 1 generated"],
  };
}
