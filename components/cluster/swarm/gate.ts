import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { Declared } from "../../secrets/declare.ts";
import type { ServiceSpec } from "../../services/service.ts";
import type { Observed } from "./observe.ts";
import { settled } from "./settled.ts";
import { hurries } from "./waits.ts";
import type { Watch } from "./watch.ts";

/** Which service has to run what. */
export interface GateArgs {
  /** The Swarm's manager, to ask what runs. Undefined in a preview, which waits for nothing. */
  readonly docker: Docker | undefined;
  /** Tells what runs; one for all gates of a Swarm, which wait side by side. */
  readonly watch?: Watch | undefined;
  /** What ran before the update: a rollback of then is no failure of now. */
  readonly before: Observed | undefined;
  readonly service: docker.Service;
  readonly spec: ServiceSpec;
  readonly declared: readonly Declared[];
}

/** Longest wait for a service's tasks to be healthy, in milliseconds. */
const patience = 180_000;

/**
 * Stands behind a service: whatever depends on the service waits here until its tasks run what was asked of it, and the update
 * fails if they don't (ADR 2).
 *
 * Rule: instead of the provider's `convergeConfig`. Why: that waits 7 s at least, whatever happens, and counts tasks of any
 * spec; this is woken by the engine's events, and asks what the tasks hold.
 */
export class Gate extends pulumi.ComponentResource {
  /** The service, once it runs what was asked of it. */
  readonly passed: pulumi.Input<docker.Service>;
  /**
   * The same, as soon as the Swarm shows it: the provider answers 2 s after it has changed a service, and an emergency does not wait
   * for that. Nothing for a service that no emergency is about.
   */
  readonly seen: Promise<void> | undefined;

  constructor(
    name: string,
    { docker: manager, watch, before, service, spec, declared }: GateArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("goimg:cluster:Gate", name, {}, { ...opts, dependsOn: service });
    const stack = pulumi.getStack();
    const rolledBack = before?.services.find(({ name: ran }) => ran === spec.name)?.rolledBack;
    if (manager === undefined) this.passed = service;
    else {
      const args = { docker: manager, watch, stack, spec, declared, rolledBack, timeout: patience };
      let asked = false;
      if (hurries(spec, declared)) {
        this.seen = settled({ ...args, asked: () => asked });
        // Who waits for it is told; nobody may be.
        this.seen.catch(() => undefined);
      }
      this.passed = service.id.apply(async () => {
        asked = true;
        await (this.seen ?? settled(args));
        return service;
      });
    }
    this.registerOutputs({ service: service.name });
  }
}
