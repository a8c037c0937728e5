import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { EntryName } from "../../catalog/grants.ts";
import type { ServiceName } from "../../catalog/types.ts";
import type { Declared } from "../../secrets/declare.ts";
import { manifestFor } from "../../secrets/manifest.ts";
import { ungranted } from "../../secrets/mounts.ts";
import type { ImageName, NetworkName, ServiceSpec, VolumeName } from "../../services/service.ts";
import { inOrder, required } from "../../services/order.ts";
import type { Delivery, StoredEntry } from "../../stores/store.ts";
import { accessFor, storeCa, type StoreCa } from "./access.ts";
import { containerSpec } from "./container.ts";
import { Gate } from "./gate.ts";
import { jobLabel, silentLabel, type Observed } from "./observe.ts";
import { hurries, isUrgent, waitsFor } from "./waits.ts";
import { Watch } from "./watch.ts";
import { endpointSpec, resources, restartPolicy, rollbackConfig, updateConfig } from "./rollout.ts";

/** What runs, and with what, on one Swarm. */
export interface SwarmDeploymentArgs {
  /** Prefix of the services' names, such as `goimg-dev`. */
  readonly prefix: string;
  readonly services: readonly ServiceSpec[];
  readonly declared: readonly Declared[];
  readonly stored: readonly StoredEntry[];
  /** How the services get at what is stored. */
  readonly delivery: Delivery;
  readonly production: boolean;
  /** Image references by name. */
  readonly image: (name: ImageName) => string;
  /** Swarm placement constraints of services that hold data, e.g. `["node.labels.goimg.data == true"]`. */
  readonly dataPlacement: readonly string[];
  /** The same of what has a port of its node. @default any node */
  readonly ingressPlacement?: readonly string[];
  /** Networks that lead out of the Swarm, beside those that always do. @default none */
  readonly waysOut?: readonly NetworkName[];
  /** The Swarm's manager, to ask what runs. Undefined in a preview, which waits for nothing. */
  readonly docker: Docker | undefined;
  /** What ran before the update; undefined in a preview. */
  readonly before: Observed | undefined;
}

/** Services of a stack on Docker Swarm, with their networks and volumes, each healthy before the next one needs it. */
export class SwarmDeployment extends pulumi.ComponentResource {
  /** Names of the services, known once every one of them runs what was asked of it. */
  readonly settled: pulumi.Output<readonly ServiceName[]>;

  constructor(name: string, given: SwarmDeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("goimg:cluster:SwarmDeployment", name, {}, opts);
    const args = { ...given, services: given.services.map((spec) => withWayOut(spec, given.delivery)) };
    for (const { name: service, secrets } of args.services) refuseUngranted(service, secrets);
    const networks = this.networks(args);
    const volumes = this.volumes(args);
    const gates = new Map<ServiceName, Gate>();
    const specs = new Map(args.services.map((spec) => [spec.name, spec]));
    const ca = storeCa(args.delivery, this);
    const { docker: manager, declared, before } = args;
    const watch = manager === undefined ? undefined : new Watch(manager, pulumi.getStack());
    for (const spec of inOrder(args.services)) {
      const service = this.service(spec, { ...args, networks, volumes, gates, specs, ca });
      const gate = new Gate(spec.name, { docker: manager, watch, before, service, spec, declared }, { parent: this });
      gates.set(spec.name, gate);
    }
    this.settled = pulumi.output([...gates.values()].map(({ passed }) => passed)).apply(() => [...gates.keys()]);
    this.registerOutputs({ settled: this.settled });
  }

  private networks({ prefix, services, waysOut = [] }: SwarmDeploymentArgs): ReadonlyMap<NetworkName, docker.Network> {
    const names = new Set(services.flatMap(({ networks }) => networks));
    return new Map(
      [...names].map((name) => [
        name,
        new docker.Network(
          name,
          {
            name: `${prefix}-${name}`,
            driver: "overlay",
            // The key's presence is what Docker looks at: IPsec between nodes.
            options: { encrypted: "true" },
            internal: !reachesOut.has(name) && !waysOut.includes(name),
            labels: [{ label: "goimg.stack", value: pulumi.getStack() }],
          },
          // Swarm adds the number of its VXLAN to the options: unignored, every update would replace every network.
          { parent: this, ignoreChanges: ["options"] },
        ),
      ]),
    );
  }

  private volumes({ prefix, services }: SwarmDeploymentArgs): ReadonlyMap<VolumeName, docker.Volume> {
    const names = new Set(services.flatMap(({ volumes }) => volumes.map(({ volume }) => volume)));
    return new Map(
      [...names].map((name) => [
        name,
        new docker.Volume(
          name,
          { name: `${prefix}-${name}`, labels: [{ label: "goimg.stack", value: pulumi.getStack() }] },
          { parent: this },
        ),
      ]),
    );
  }

  private service(spec: ServiceSpec, context: Context): docker.Service {
    const { prefix, networks, delivery, ca } = context;
    const { seen, passed } = this.before(spec, context);
    return new docker.Service(
      spec.name,
      {
        name: seen.apply(() => `${prefix}-${spec.name}`),
        labels: [
          { label: "goimg.service", value: spec.name },
          { label: "goimg.stack", value: pulumi.getStack() },
          ...(spec.rollout === "job" ? [{ label: jobLabel, value: "true" }] : []),
          ...(spec.silent === true ? [{ label: silentLabel, value: "true" }] : []),
        ],
        mode: { replicated: { replicas: spec.replicas } },
        endpointSpec: endpointSpec(spec),
        updateConfig: updateConfig(spec, isUrgent(spec, context.declared)),
        rollbackConfig: rollbackConfig(spec),
        taskSpec: {
          containerSpec: containerSpec(spec, {
            ...context,
            manifest: this.manifest(spec, context),
            access: spec.secrets.length === 0 ? undefined : accessFor(spec.name, delivery, ca, this),
            files: this.files(spec),
          }),
          networksAdvanceds: spec.networks.map((name) => ({
            id: required(networks, name).id,
            // Services reach each other over the networks of their own description alone.
            aliases: name === "store" ? [] : [spec.name],
          })),
          placement: placement(spec, context),
          resources: resources(spec),
          restartPolicy: restartPolicy(spec),
          logDriver: { name: "json-file", options: { "max-size": "10m", "max-file": "3" } },
        },
      },
      {
        parent: this,
        dependsOn: [...passed],
      },
    );
  }

  /** What has to be healthy, or done, before the service moves. In an emergency it moves as soon as the Swarm shows that. */
  private before(
    spec: ServiceSpec,
    { specs, declared, gates }: Context,
  ): { readonly seen: pulumi.Output<unknown>; readonly passed: readonly pulumi.Input<docker.Service>[] } {
    const earlier = waitsFor(spec, specs, declared).map((name) => required(gates, name));
    const early = hurries(spec, declared) ? earlier.filter(({ seen }) => seen !== undefined) : [];
    return {
      seen: pulumi.output(Promise.all(early.flatMap(({ seen }) => (seen === undefined ? [] : [seen])))),
      passed: earlier.filter((gate) => !early.includes(gate)).map(({ passed }) => passed),
    };
  }

  /** Autonamed, so that a changed manifest is created before the service that uses it moves on. */
  private manifest(spec: ServiceSpec, { declared, production }: Context): docker.ServiceConfig | undefined {
    if (spec.secrets.length === 0) return undefined;
    const manifest = manifestFor({
      service: spec.name,
      stack: pulumi.getStack(),
      production,
      granted: spec.secrets,
      declared,
    });
    const data = Buffer.from(JSON.stringify(manifest)).toString("base64");
    return new docker.ServiceConfig(`${spec.name}-manifest`, { data }, { parent: this });
  }

  /** In the order of their paths, as Swarm keeps the order that it is given. */
  private files({
    files = [],
  }: ServiceSpec): readonly { readonly path: string; readonly config: docker.ServiceConfig }[] {
    return [...files]
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map(({ name, path, content }) => {
        const data = Buffer.from(content).toString("base64");
        const labels = [{ label: "goimg.stack", value: pulumi.getStack() }];
        return { path, config: new docker.ServiceConfig(name, { data, labels }, { parent: this }) };
      });
  }
}

interface Context extends Omit<SwarmDeploymentArgs, "services"> {
  readonly networks: ReadonlyMap<NetworkName, docker.Network>;
  readonly volumes: ReadonlyMap<VolumeName, docker.Volume>;
  readonly gates: ReadonlyMap<ServiceName, Gate>;
  readonly specs: ReadonlyMap<ServiceName, ServiceSpec>;
  readonly ca: StoreCa | undefined;
}

/** Networks with a way out of the Swarm: of what has a port of its node, and of what logs in to its store. */
const reachesOut: ReadonlySet<NetworkName> = new Set(["ingress", "edge", "dashboards", "store"]);

/** A service that logs in to its store needs a network that leads there. */
function withWayOut(spec: ServiceSpec, { kind }: Delivery): ServiceSpec {
  return kind === "mounts" || spec.secrets.length === 0 ? spec : { ...spec, networks: [...spec.networks, "store"] };
}

function refuseUngranted(service: ServiceName, secrets: readonly EntryName[]): void {
  const names = ungranted(service, secrets);
  if (names.length === 0) return;
  throw new Error(
    `${service} may not read ${names.join(", ")}: add it to the entry's consumers in components/catalog/catalog.ts, or take it off the service`,
  );
}

/** Nothing where anything will do: an empty list of constraints is another spec. */
function placement(
  { volumes, publish }: ServiceSpec,
  { dataPlacement, ingressPlacement = [] }: Pick<SwarmDeploymentArgs, "dataPlacement" | "ingressPlacement">,
): { readonly constraints?: string[] } {
  const constraints = [
    ...(volumes.length > 0 ? dataPlacement : []),
    ...(publish === undefined ? [] : ingressPlacement),
  ];
  return constraints.length > 0 ? { constraints } : {};
}
