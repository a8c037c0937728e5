import { isRecord, listAt, textAt } from "../model/properties.ts";
import { isName } from "../model/paths.ts";
import type { Resource } from "../model/rule.ts";
import type { Problem } from "./problem.ts";

/** Where an app's spec has variables: the app's own, which every component gets, and each component's. */
const lists = ["services", "workers", "jobs", "staticSites", "functions"] as const;

/** A variable of the type SECRET of an app of App Platform. */
export interface SecretVariable {
  /** `spec.services[0].envs[2]`. */
  readonly path: string;
  /** Name of the component; undefined where every component gets it. */
  readonly component: string | undefined;
  readonly key: string;
  readonly scope: string | undefined;
}

/** The variables of an app in which it hands secrets over; none of any other resource. */
export function secretVariables({ type, props }: Pick<Resource, "type" | "props">): readonly SecretVariable[] {
  if (type !== "digitalocean:index:App") return [];
  const components = lists.flatMap((list) =>
    listAt(props, "spec", list).map((one, index) => ({
      one,
      path: `spec.${list}[${index}]`,
      name: textAt(one, "name"),
    })),
  );
  const own = { one: isRecord(props["spec"]) ? props["spec"] : {}, path: "spec", name: undefined };
  return [own, ...components].flatMap(({ one, path, name }) =>
    listAt(one, "envs").flatMap((variable, index) =>
      textAt(variable, "type") === "SECRET"
        ? [
            {
              path: `${path}.envs[${index}]`,
              component: name,
              key: textAt(variable, "key") ?? "",
              scope: textAt(variable, "scope"),
            },
          ]
        : [],
    ),
  );
}

/** What a build reads ends up in an image, or in its log. App Platform's default is both. */
export function scopeProblems(resource: Resource): readonly Problem[] {
  return secretVariables(resource)
    .filter(({ scope }) => scope !== "RUN_TIME")
    .map(({ path, key }) => ({
      rule: "build-scope",
      message: `${path} (${isName(key) ? key : "a name that is not shown"}) is a secret that builds get too: set scope: "RUN_TIME"`,
    }));
}
