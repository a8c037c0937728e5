import { createHash } from "node:crypto";
import type Docker from "dockerode";
import * as z from "zod";
import { stateSchema, typeOf } from "../../cli/recovery/plan.ts";
import type { Project } from "./project.ts";
import { stateSecrets } from "./stateSecrets.ts";

const labelled = z.object({
  ID: z.string(),
  Spec: z.object({ Name: z.string(), Labels: z.record(z.string(), z.string()).nullish(), Data: z.string().optional() }),
});

/** What of a stack is in Docker, as `type id`. Networks, volumes and services are the stack's by label, as secrets are. */
export async function inDocker(docker: Docker, stack: string): Promise<readonly string[]> {
  const mine = (labels: Readonly<Record<string, string>> | null | undefined): boolean =>
    labels?.["goimg.stack"] === stack;
  const [services, secrets, configs, networks, { Volumes: volumes }] = await Promise.all([
    docker.listServices(),
    docker.listSecrets(),
    docker.listConfigs(),
    docker.listNetworks(),
    docker.listVolumes(),
  ]);
  const manifestOf = ({ Spec }: z.infer<typeof labelled>): string =>
    (JSON.parse(Buffer.from(Spec.Data ?? "", "base64").toString("utf8")) as { readonly stack: string }).stack;
  return [
    ...services.filter(({ Spec }) => mine(Spec?.Labels)).map(({ ID }) => `${typeOf.service} ${ID}`),
    ...z
      .array(labelled)
      .parse(secrets)
      .filter(({ Spec }) => mine(Spec.Labels))
      .map(({ ID }) => `${typeOf.secret} ${ID}`),
    ...z
      .array(labelled)
      .parse(configs)
      .filter((config) => mine(config.Spec.Labels) || manifestOf(config) === stack)
      .map(({ ID }) => `${typeOf.config} ${ID}`),
    ...networks.filter(({ Labels }) => mine(Labels)).map(({ Id }) => `${typeOf.network} ${Id}`),
    ...volumes.filter(({ Labels }) => mine(Labels)).map(({ Name }) => `${typeOf.volume} ${Name}`),
  ].sort();
}

/** What of Docker's objects is in the state, as `type id`; and how many operations are noted as unfinished. */
export async function inState(
  project: Project,
): Promise<{ readonly objects: readonly string[]; readonly pending: number }> {
  const { deployment } = stateSchema.parse(JSON.parse((await project.pulumi("stack", "export")).stdout));
  const types = Object.values(typeOf);
  return {
    objects: (deployment.resources ?? [])
      .filter(({ type }) => types.includes(type))
      .map(({ type, id }) => `${type} ${id ?? ""}`)
      .sort(),
    pending: (deployment.pending_operations ?? []).length,
  };
}

/** The generated values of a stack, hashed, by the name of their generation: to tell whether one has changed. */
export async function fingerprints(project: Project): Promise<ReadonlyMap<string, string>> {
  const made = await stateSecrets(project, ["result", "privateKeyPem"]);
  return new Map(made.map(({ urn, value }) => [urn, createHash("sha256").update(value).digest("hex")]));
}
