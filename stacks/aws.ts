import * as pulumi from "@pulumi/pulumi";
import { EcsDeployment } from "../components/cluster/ecs/deployment.ts";
import { EcsNetwork } from "../components/cluster/ecs/network.ts";
import { EcsRoles } from "../components/cluster/ecs/roles.ts";
import { taskUnits } from "../components/cluster/ecs/units.ts";
import { Generations } from "../components/secrets/generations.ts";
import { pricePerMonth } from "../components/stores/awsPrice.ts";
import { AwsSecretsManagerStore } from "../components/stores/awsSecretsManager.ts";
import { application } from "./application.ts";
import { consumersOf } from "./consumers.ts";
import { declaration, declaredGenerations, images, number } from "./settings.ts";

/**
 * ECS Fargate, with the values in AWS Secrets Manager (docs/aws.md).
 *
 * @throws pulumi.RunError before anything changes, if the declaration is wrong
 */
export function aws(): Record<string, unknown> {
  const services = application({ entrance: { port: number("port", 8080) } });
  const declared = declaration("aws", services);
  const region = new pulumi.Config("aws").require("region");
  const prefix = `goimg-${pulumi.getStack()}`;
  const units = taskUnits(services);
  const generations = new Generations("secrets", declared);
  const network = new EcsNetwork("network", { prefix, region, services });
  const roles = new EcsRoles("roles", { units, image: images() });
  const store = new AwsSecretsManagerStore("store", generations.entries, {
    consumers: consumersOf(services, declared.secrets).map((consumer) => ({
      ...consumer,
      role: roles.of(units, consumer.name).execution,
    })),
    active: declared.secrets,
    recoveryDays: number("recoveryDays", 30),
  });
  const deployment = new EcsDeployment("services", {
    prefix,
    region,
    units,
    network,
    roles,
    declared: declared.secrets,
    stored: store.entries,
    production: true,
    image: images(),
  });
  return {
    services: deployment.settled,
    secrets: declaredGenerations(declared),
    pricePerMonth: pricePerMonth(generations.entries),
  };
}
