import { App } from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceName } from "../../catalog/types.ts";
import type { Declared } from "../../secrets/declare.ts";
import type { ImageName, ServiceSpec } from "../../services/service.ts";
import type { DigitalOceanStore } from "../../stores/digitalocean.ts";
import { componentOf, kindOf, type ComponentContext, type ComponentKind } from "./component.ts";
import type { Running } from "./running.ts";

/** What runs, and with what, as one app. */
export interface AppPlatformDeploymentArgs {
  /** Name of the app: unique in the account, 2 to 32 characters. Such as `goimg-app`. */
  readonly name: string;
  /** Region, such as `fra`. */
  readonly region: string;
  /** UUID of the VPC that the components reach their backends in. @default none */
  readonly vpc?: string;
  readonly services: readonly ServiceSpec[];
  readonly declared: readonly Declared[];
  readonly store: DigitalOceanStore;
  readonly running: Running;
  readonly production: boolean;
  readonly image: (name: ImageName) => string;
}

/**
 * A stack's services as one app of DigitalOcean's App Platform. Each update that changes anything is one deployment: its jobs first, then
 * new instances of every component, and the old ones go when the new ones are healthy. One that fails leaves the last one running.
 */
export class AppPlatformDeployment extends pulumi.ComponentResource {
  /** UUID of the app. */
  readonly app: pulumi.Output<string>;
  /** Where it answers. */
  readonly url: pulumi.Output<string>;
  /** Names of the services, known once the deployment is active. */
  readonly settled: pulumi.Output<readonly ServiceName[]>;

  constructor(name: string, args: AppPlatformDeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("goimg:cluster:AppPlatformDeployment", name, {}, opts);
    const { services, declared, store, running, production, image, vpc } = args;
    const context: ComponentContext = {
      stack: pulumi.getStack(),
      production,
      declared,
      image,
      valueFor: (place) => store.valueFor(place.entry, place.generation, running.ciphertextOf(place)),
    };
    const of = (kind: ComponentKind) =>
      services.filter((spec) => kindOf(spec) === kind).map((spec) => componentOf(spec, context));
    const [web] = services.filter((spec) => kindOf(spec) === "services");
    const app = new App(
      args.name,
      {
        spec: {
          name: args.name,
          region: args.region,
          services: of("services"),
          workers: of("workers"),
          jobs: of("jobs"),
          alerts: [{ rule: "DEPLOYMENT_FAILED" }],
          ...(web === undefined
            ? {}
            : { ingress: { rules: [{ component: { name: web.name }, match: { path: { prefix: "/" } } }] } }),
          ...(vpc === undefined ? {} : { vpcs: [{ id: vpc }] }),
        },
      },
      // What comes back is ciphertexts: still nobody's business.
      { parent: this, additionalSecretOutputs: ["spec"] },
    );
    this.app = app.id;
    this.url = app.liveUrl;
    this.settled = app.id.apply(() => services.map((spec) => spec.name));
    this.registerOutputs({ app: this.app, url: this.url, settled: this.settled });
  }
}
