import type { Rule, Settings } from "./model/rule.ts";
import { accessProblems } from "./privilege/access.ts";
import { mountProblems } from "./privilege/mounts.ts";
import { grantProblems, variableProblems } from "./privilege/grants.ts";
import { networkProblems } from "./privilege/network.ts";
import { scopeProblems } from "./privilege/variables.ts";

const settings: Settings = {
  grants: {
    type: "object",
    additionalProperties: { type: "array", items: { type: "string", minLength: 1 } },
    description: "store entries that each service may mount, in place of the catalog's grants; * stands for any text",
  },
};

/**
 * A service mounts only its grants, as files that only it can read, or gets them as encrypted variables that no build sees; access rules
 * name exact secrets; databases are not published, and traffic between nodes is encrypted.
 */
export const leastPrivilege: Rule = {
  name: "least-privilege",
  description: "Services read only their own secrets, and only they reach the databases.",
  level: "mandatory",
  settings,
  resource: (resource, context) => [
    ...[
      ...mountProblems(resource),
      ...accessProblems(resource),
      ...networkProblems(resource),
      ...scopeProblems(resource),
    ].map((problem) => ({ ...problem, urn: resource.urn })),
    ...variableProblems(resource, context),
  ],
  stack: grantProblems,
};
