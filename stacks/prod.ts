import path from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { DigitalOceanCluster, placement } from "../components/cluster/digitalocean/cluster.ts";
import { parseClusterSettings } from "../components/cluster/digitalocean/settings.ts";
import { spacesStorage } from "../components/cluster/digitalocean/spaces.ts";
import { sshOptions, writeSshFiles } from "../components/cluster/ssh/files.ts";
import { remoteDocker } from "../components/cluster/ssh/remoteDocker.ts";
import { SwarmDeployment } from "../components/cluster/swarm/deployment.ts";
import { unreachable } from "../components/cluster/swarm/guard.ts";
import type { Observed } from "../components/cluster/swarm/observe.ts";
import { observeStack } from "../components/cluster/swarm/observeStack.ts";
import type { Declaration } from "../components/secrets/declare.ts";
import { Generations } from "../components/secrets/generations.ts";
import { grafana } from "../components/services/grafana.ts";
import { metrics } from "../components/services/metrics.ts";
import { stateDirectory } from "../toolchain/paths.ts";
import { application } from "./application.ts";
import { dashboards, declaration, declaredGenerations, images, number, readOrRefuse, refuse } from "./settings.ts";
import { openStores, storeSettings } from "./stores.ts";

/**
 * Production on DigitalOcean: a Swarm of droplets, and objects in Spaces.
 *
 * @throws pulumi.RunError if the stack is declared wrongly, before anything changes; or if its generations can't be reached in one
 *   update, before any of them or any service changes
 */
export async function prod(): Promise<Record<string, unknown>> {
  const prefix = `goimg-${pulumi.getStack()}`;
  const settings = readOrRefuse(() => parseClusterSettings(new pulumi.Config().getObject("cluster")));
  const machinesOnly = new pulumi.Config().getBoolean("machinesOnly") === true;
  const services = [
    ...application({
      entrance: { host: settings.domain },
      workers: number("workerReplicas", 2),
      storage: spacesStorage(settings),
    }),
    metrics(),
    grafana(dashboards()),
  ];
  // A certificate may wait for an address, and that for machines.
  const declared = machinesOnly ? noSecrets : declaration("prod", services, settings.domain);
  const stores = storeSettings();

  const cluster = new DigitalOceanCluster("cluster", { name: prefix, settings, ...operatorKey() });
  const { manager, nodes } = cluster.swarm;
  const directory = path.join(stateDirectory(), "ssh", pulumi.getStack());
  const host = manager.apply(async (target) => {
    await writeSshFiles(directory, target);
    return `ssh://${target.user}@${target.host}`;
  });
  // The address is no secret, though it is known with one.
  const provider = new docker.Provider(
    "swarm",
    { host: pulumi.unsecret(host), sshOpts: [...sshOptions(directory)] },
    { dependsOn: [...nodes] },
  );
  const joined = pulumi.all(nodes.map(({ urn }) => urn));
  const engine = pulumi.runtime.isDryRun()
    ? undefined
    : remoteDocker(() => known(pulumi.all([manager, joined]).apply(([target]) => target)));
  const before = engine === undefined ? undefined : await observeStack(engine, pulumi.getStack(), stores);
  const reached = { url: `https://${settings.domain}`, address: cluster.address };
  if (machinesOnly) return { ...reached, ...withoutServices(before) };
  if (before !== undefined) refuse(unreachable(before, declared.secrets));

  const generations = new Generations("secrets", declared, cluster.issuers);
  const stored = { generated: generations.entries, services, declared: declared.secrets };
  const store = await openStores(stores, stored, { providers: [provider] });
  const deployment = new SwarmDeployment(
    "services",
    {
      prefix,
      services,
      declared: declared.secrets,
      stored: store.entries,
      delivery: store.delivery,
      production: true,
      image: images(),
      dataPlacement: [placement.data],
      ingressPlacement: [placement.ingress],
      waysOut: ["storage"],
      docker: engine,
      before,
    },
    { providers: [provider] },
  );
  return {
    ...reached,
    services: deployment.settled,
    secrets: declaredGenerations(declared),
  };
}

const noSecrets: Declaration = { secrets: [], external: {} };

/** @throws pulumi.RunError where services run, which would be taken down with their secrets */
function withoutServices(before: Observed | undefined): object {
  if (before === undefined || before.services.length === 0) return { secrets: {} };
  throw new pulumi.RunError(
    "machinesOnly is for a Swarm without services, and there are some: remove it (pulumi config rm machinesOnly), or take them down first",
  );
}

/** The operator's own key where the config has one (`sshPrivateKey`, encrypted, and `sshPublicKey`), else one that the stack makes. */
function operatorKey(): Pick<ConstructorParameters<typeof DigitalOceanCluster>[1], "sshKey"> {
  const config = new pulumi.Config();
  const [privateKey, publicKey] = [config.getSecret("sshPrivateKey"), config.get("sshPublicKey")];
  if (privateKey === undefined && publicKey === undefined) return {};
  if (privateKey === undefined || publicKey === undefined) {
    throw new pulumi.RunError(
      "sshPrivateKey and sshPublicKey belong together: set both, or neither for a key that is made",
    );
  }
  return { sshKey: { mode: "adopt", privateKey, publicKey } };
}

/** The value of an output, in an update, where every value becomes known. */
function known<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((done) => {
    output.apply((value) => {
      done(value);
    });
  });
}
