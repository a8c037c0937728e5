import { at, isRecord, isUnknownAt, listAt, numberAt, textAt } from "./model/properties.ts";
import type { Resource, Rule, Settings, Violation } from "./model/rule.ts";
import { listSetting } from "./model/settings.ts";

const settings = {
  gates: {
    type: "array",
    items: { type: "string", pattern: "^[^:]+:[^:]+:[^:]+$" },
    default: ["goimg:cluster:Gate"],
    description:
      "Types of components that wait for a service which they depend on: its update needs no convergeConfig.",
  },
} as const satisfies Settings;

/**
 * A change of a secret reaches services without a gap: a new task is healthy before an old one stops, a bad one rolls
 * back, the update waits for it, and nothing that a service refers to is deleted before its replacement exists.
 */
export const safeRollout: Rule = {
  name: "safe-rollout",
  description: "Services move to a new secret without an interruption, and back when it is wrong.",
  level: "mandatory",
  settings,
  resource: (resource) => (resource.type === "docker:index:Service" ? serviceProblems(resource) : []),
  stack: (resources, context) => [
    ...unawaited(resources, listSetting(context.settings, settings, "gates")),
    ...singleReplicas(resources),
    ...deletedFirst(resources),
  ],
};

function serviceProblems({ props, urn }: Resource): readonly Violation[] {
  const report = (rule: string, message: string): Violation => ({ rule, message, urn });
  const violations: Violation[] = [];
  const hasHealth = isRecord(at(props, "taskSpec", "containerSpec", "healthcheck"));
  if (!hasHealth || isJob(props) || isUnknownAt(props, "updateConfig")) return violations;
  if (
    textAt(props, "updateConfig", "failureAction") !== "rollback" &&
    !isUnknownAt(props, "updateConfig", "failureAction")
  ) {
    violations.push(
      report(
        "rollback",
        'a task that is not healthy does not roll the update back: set updateConfig.failureAction: "rollback"',
      ),
    );
  }
  const order = textAt(props, "updateConfig", "order") ?? "stop-first";
  if (order !== "start-first" && !isUnknownAt(props, "updateConfig", "order") && !mustStopFirst(props)) {
    violations.push(
      report("start-first", 'a task stops before its successor is healthy: set updateConfig.order: "start-first"'),
    );
  }
  return violations;
}

/** Services whose update is over before their tasks run: neither the provider waits for them, nor a gate behind them. */
function unawaited(resources: readonly Resource[], gates: readonly string[]): readonly Violation[] {
  const gated = new Set(resources.filter(({ type }) => gates.includes(type)).flatMap(({ after }) => after));
  return resources
    .filter(({ type, urn }) => type === "docker:index:Service" && !gated.has(urn))
    .filter(({ props }) => !isUnknownAt(props, "convergeConfig") && !isSet(at(props, "convergeConfig")))
    .map(({ urn }) => ({
      rule: "converge",
      message: `the update does not wait for its tasks: set convergeConfig, or let a gate depend on it (${gates.join(", ")})`,
      urn,
    }));
}

/** The provider answers an object, or none; older ones an empty list. */
const isSet = (value: unknown): boolean => isRecord(value) || (Array.isArray(value) && value.length > 0);

/** Runs to its end: rolling back what was done once makes no sense. */
function isJob(props: Resource["props"]): boolean {
  const condition = textAt(props, "taskSpec", "restartPolicy", "condition");
  const attempts = numberAt(props, "taskSpec", "restartPolicy", "maxAttempts") ?? 0;
  return (
    condition === "none" || (condition === "on-failure" && attempts > 0) || isRecord(at(props, "mode", "replicatedJob"))
  );
}

/** Two tasks can't hold the port of a node, or the data of a volume that has one writer. */
function mustStopFirst(props: Resource["props"]): boolean {
  const ports = listAt(props, "endpointSpec", "ports");
  if (ports.some((port) => textAt(port, "publishMode") === "host")) return true;
  if (replicas(props) !== 1) return false;
  return listAt(props, "taskSpec", "containerSpec", "mounts").some(
    (mount) => ["volume", "bind"].includes(textAt(mount, "type") ?? "") && at(mount, "readOnly") !== true,
  );
}

/** Undefined for a global service, which has a task on each node. */
function replicas(props: Resource["props"]): number | undefined {
  if (at(props, "mode", "global") === true || isUnknownAt(props, "mode", "replicated", "replicas")) return undefined;
  return numberAt(props, "mode", "replicated", "replicas") ?? 1;
}

/** Behind the gateway: services that share a network with one that publishes a port, and publish none themselves. */
function singleReplicas(resources: readonly Resource[]): readonly Violation[] {
  const types = new Map(resources.map(({ urn, type }) => [urn, type]));
  const services = resources.filter(({ type, props }) => type === "docker:index:Service" && !isJob(props));
  const isGateway = ({ props }: Resource) => listAt(props, "endpointSpec", "ports").length > 0;
  const gatewayNetworks = new Set(services.filter(isGateway).flatMap((gateway) => networksOf(gateway, types)));
  return services
    .filter((service) => !isGateway(service) && replicas(service.props) === 1)
    .filter((service) => networksOf(service, types).some((network) => gatewayNetworks.has(network)))
    .map(({ urn }) => ({
      rule: "replicas",
      message:
        "one replica behind the gateway: set mode.replicated.replicas to 2 or more, so that one serves while the other moves",
      urn,
    }));
}

function networksOf(service: Resource, types: ReadonlyMap<string, string>): readonly string[] {
  const computedFrom = [...service.dependsOn.values()]
    .flat()
    .filter((urn) => types.get(urn) === "docker:index:Network");
  const references = listAt(service.props, "taskSpec", "networksAdvanceds");
  const named = references.flatMap((network) => [textAt(network, "id"), textAt(network, "name")]);
  // The provider answers an empty text for the one that was not given.
  return [...computedFrom, ...named.filter((name) => name !== undefined && name !== "")] as readonly string[];
}

/** A change of any input replaces these, and an explicit name makes the provider delete the old one first. */
const immutable = new Set(["docker:index:Secret", "docker:index:ServiceConfig"]);

function deletedFirst(resources: readonly Resource[]): readonly Violation[] {
  const services = resources.filter(({ type }) => type === "docker:index:Service");
  const referred = new Set(services.flatMap(({ dependsOn }) => [...dependsOn.values()].flat()));
  return resources.flatMap((resource): Violation[] => {
    const isService = resource.type === "docker:index:Service";
    if (!referred.has(resource.urn) || isService) return [];
    if (resource.deleteBeforeReplace) {
      return [
        {
          rule: "delete-first",
          message: "a service refers to it, and deleteBeforeReplace is set: remove the option",
          urn: resource.urn,
        },
      ];
    }
    if (!immutable.has(resource.type) || !hasExplicitName(resource)) return [];
    return [
      {
        rule: "delete-first",
        message:
          "a service refers to it, and its own name makes a replacement delete it first: leave name out, so that each has its own",
        urn: resource.urn,
      },
    ];
  });
}

/** Pulumi's own names are the resource's with a random suffix. */
function hasExplicitName({ name, props }: Resource): boolean {
  const given = textAt(props, "name");
  return given !== undefined && !(given.startsWith(`${name}-`) && /^-[0-9a-f]{6,8}$/.test(given.slice(name.length)));
}
