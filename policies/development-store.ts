import { at, isRecord, textAt } from "./model/properties.ts";
import type { Context, Resource, Rule, Violation } from "./model/rule.ts";

/**
 * Refuses the development store, and whatever reads from it, where the stack or the service is production.
 *
 * Rule: production keeps its values in Swarm. Why: one file holds every value for whoever can read it;
 * there are no grants, and a service's environment shows in `docker inspect`, process lists and crash reports.
 */
export const developmentStore: Rule = {
  name: "development-store",
  description: "The env store, and services that read their environment, are for development.",
  level: "mandatory",
  settings: {},
  resource: (resource, context) => [...entryProblems(resource, context), ...serviceProblems(resource, context)],
};

function entryProblems({ type, urn }: Resource, { production }: Context): readonly Violation[] {
  if (type !== "goimg-stores:env:Entry" || !production) return [];
  const message = "a value of a production stack would be in a file of the env store: use SwarmStore";
  return [{ rule: "env-store", message, urn }];
}

/** A service may be production in a stack of any name: it says so itself. */
function serviceProblems({ type, urn, props }: Resource, { production }: Context): readonly Violation[] {
  if (type !== "docker:index:Service") return [];
  const env = at(props, "taskSpec", "containerSpec", "env");
  if (!isRecord(env) || textAt(env, "SECRET_PROVIDER") !== "env") return [];
  if (!production && textAt(env, "GOIMG_ENV") !== "production") return [];
  const message = "a production service would read its secrets from its environment: set SECRET_PROVIDER to docker";
  return [{ rule: "env-provider", message, urn }];
}
