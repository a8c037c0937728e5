import * as pulumi from "@pulumi/pulumi";
import { SwarmDeployment } from "../components/cluster/swarm/deployment.ts";
import { unreachable } from "../components/cluster/swarm/guard.ts";
import { swarmManager } from "../components/cluster/swarm/manager.ts";
import { observeStack } from "../components/cluster/swarm/observeStack.ts";
import { Generations } from "../components/secrets/generations.ts";
import { grafana } from "../components/services/grafana.ts";
import { metrics } from "../components/services/metrics.ts";
import { application } from "./application.ts";
import { dashboards, declaration, declaredGenerations, images, number, refuse } from "./settings.ts";
import { openStores, storeSettings } from "./stores.ts";

/**
 * The production topology on one machine's Swarm.
 *
 * @throws pulumi.RunError before anything changes, if the declaration is wrong or can't be reached in one update
 */
export async function dev(connect = swarmManager): Promise<Record<string, unknown>> {
  const port = number("port", 8080);
  const services = [...application({ entrance: { port } }), metrics(), grafana(dashboards())];
  const declared = declaration("dev", services);
  const settings = storeSettings();
  const manager = await connect();
  const before = manager === undefined ? undefined : await observeStack(manager, pulumi.getStack(), settings);
  if (before !== undefined) refuse(unreachable(before, declared.secrets));

  const generations = new Generations("secrets", declared);
  const store = await openStores(settings, {
    generated: generations.entries,
    services,
    declared: declared.secrets,
  });
  const deployment = new SwarmDeployment("services", {
    prefix: `goimg-${pulumi.getStack()}`,
    services,
    declared: declared.secrets,
    stored: store.entries,
    delivery: store.delivery,
    production: false,
    image: images(),
    dataPlacement: ["node.role == manager"],
    docker: manager,
    before,
  });
  return {
    url: `http://127.0.0.1:${port}`,
    services: deployment.settled,
    secrets: declaredGenerations(declared),
  };
}
