import * as pulumi from "@pulumi/pulumi";
import { AppPlatformDeployment } from "../components/cluster/appPlatform/deployment.ts";
import { runningApp } from "../components/cluster/appPlatform/running.ts";
import { parseAppPlatformSettings, type AppPlatformSettings } from "../components/cluster/appPlatform/settings.ts";
import { spacesEndpointOf } from "../components/cluster/digitalocean/settings.ts";
import { spaces, spacesStorage } from "../components/cluster/digitalocean/spaces.ts";
import { Generations } from "../components/secrets/generations.ts";
import { api } from "../components/services/api.ts";
import { backends } from "../components/services/backends.ts";
import { dbMigrate } from "../components/services/database.ts";
import type { ServiceSpec } from "../components/services/service.ts";
import { worker } from "../components/services/worker.ts";
import { DigitalOceanStore } from "../components/stores/digitalocean.ts";
import { declaration, declaredGenerations, images, number, readOrRefuse, refuse } from "./settings.ts";

/**
 * The services that keep nothing, on DigitalOcean's App Platform, with their values in its variables of the type SECRET, and objects in
 * Spaces (docs/appPlatform.md).
 *
 * @throws pulumi.RunError before anything changes, if the declaration is wrong
 */
export async function appPlatform(): Promise<Record<string, unknown>> {
  const settings = readOrRefuse(() => parseAppPlatformSettings(new pulumi.Config().getObject("appPlatform")));
  const name = `goimg-${pulumi.getStack()}`;
  const services = fitting(settings);
  const declared = declaration("app", services);
  refuse(
    declared.secrets.some(({ secret }) => secret === "REDIS_PASSWORD")
      ? ["REDIS_PASSWORD: there is no Redis here: switch it off (generations.REDIS_PASSWORD: { live: [], active: 0 })"]
      : [],
  );
  const running = await runningApp();
  const issuers = spaces(name, { region: settings.spacesRegion, bucket: settings.bucket }, {});
  const generations = new Generations("secrets", declared, issuers);
  const store = new DigitalOceanStore("store", generations.entries, running.delivered);
  const deployment = new AppPlatformDeployment("services", {
    name,
    region: settings.region,
    ...(settings.vpc === undefined ? {} : { vpc: settings.vpc }),
    services,
    declared: declared.secrets,
    store,
    running,
    production: true,
    image: images(),
  });
  return {
    url: deployment.url,
    app: deployment.app,
    // Known after the deployment: what failed was not delivered.
    delivered: pulumi.all([deployment.app, store.delivered]).apply(([, delivered]) => delivered),
    services: deployment.settled,
    secrets: declaredGenerations(declared),
  };
}

/** The application's services that keep no files, told where their backends are. */
function fitting({ spacesRegion, bucket, databaseHost, databasePort }: AppPlatformSettings): readonly ServiceSpec[] {
  const spacesEndpoint = spacesEndpointOf(spacesRegion);
  const storage = spacesStorage({ region: spacesRegion, bucket, backupBucket: bucket, spacesEndpoint });
  const services: readonly ServiceSpec[] = [
    dbMigrate(),
    api({ replicas: number("replicas", 2), storage }),
    worker({ replicas: number("workerReplicas", 1), storage }),
  ];
  const cache = Object.keys(backends.cache);
  return services.map((spec) => {
    const env = Object.fromEntries(Object.entries(spec.env).filter(([name]) => !cache.includes(name)));
    return { ...spec, env: { ...env, DB_HOST: databaseHost, DB_PORT: String(databasePort) } };
  });
}
