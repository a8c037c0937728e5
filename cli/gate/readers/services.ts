/** Services, their store and their containers, as Docker's API and the containers themselves show them. */
import type Docker from "dockerode";
import * as z from "zod";
import { loginLabel } from "../../../components/cluster/swarm/access.ts";
import { jobLabel } from "../../../components/cluster/swarm/observe.ts";
import type { StoreSettings } from "../../../components/stores/settings.ts";
import { keptInVault } from "../../../components/stores/vaultPlaces.ts";
import { withoutHeaders } from "../../rotation/reports.ts";
import { NotReadable } from "../control.ts";
import { vaultUnreachable } from "./vault.ts";
import type { AccessFact, MountFact, ServiceFact, StoredFact } from "../facts.ts";

const labels = z.record(z.string(), z.string()).nullish();
const secretSchema = z.array(
  z.object({ ID: z.string(), CreatedAt: z.string(), Spec: z.object({ Name: z.string(), Labels: labels }) }),
);
const updateSchema = z.object({ Order: z.string(), FailureAction: z.string() }).partial().optional();
const serviceSchema = z.object({
  ID: z.string(),
  Spec: z.object({
    Name: z.string(),
    Labels: labels,
    Mode: z
      .object({ Replicated: z.object({ Replicas: z.number() }).partial() })
      .partial()
      .optional(),
    UpdateConfig: updateSchema,
    RollbackConfig: updateSchema,
    EndpointSpec: z
      .object({ Ports: z.array(z.unknown()) })
      .partial()
      .optional(),
    TaskTemplate: z.object({
      Networks: z.array(z.object({ Target: z.string() })).optional(),
      ContainerSpec: z.object({
        Image: z.string(),
        Command: z.array(z.string()).optional(),
        Args: z.array(z.string()).optional(),
        Env: z.array(z.string()).optional(),
        User: z.string().optional(),
        ReadOnly: z.boolean().optional(),
        CapabilityDrop: z.array(z.string()).optional(),
        Healthcheck: z
          .object({ Test: z.array(z.string()) })
          .partial()
          .optional(),
        Secrets: z
          .array(
            z.object({
              SecretID: z.string(),
              File: z.object({ Name: z.string(), UID: z.string(), Mode: z.number() }),
            }),
          )
          .optional(),
        Configs: z
          .array(z.object({ ConfigID: z.string(), File: z.object({ Name: z.string() }).optional() }))
          .optional(),
      }),
    }),
  }),
});

/** A service as Docker's API answers it. */
export type ApiService = z.infer<typeof serviceSchema>;

/** The services of a stack. */
export async function listServices(docker: Docker, stack: string): Promise<readonly ApiService[]> {
  const listed = await docker.listServices({ filters: { label: [`goimg.stack=${stack}`] } }).catch(unreachable);
  const services = z.array(serviceSchema).parse(listed);
  if (services.length === 0) throw new NotReadable(`no service of the stack ${stack} runs: goimg-secrets up`);
  return services;
}

function unreachable(error: unknown): never {
  throw new NotReadable(`Docker does not answer (${error instanceof Error ? error.message : String(error)})`);
}

/** The name of a service in the catalog, or in Docker. */
export const nameOf = ({ Spec }: ApiService): string => Spec.Labels?.["goimg.service"] ?? Spec.Name;

/** `KEY=value` lines as an object. */
export function environmentOf({ Spec }: ApiService): Readonly<Record<string, string>> {
  const lines = Spec.TaskTemplate.ContainerSpec.Env ?? [];
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2) as [string, string]));
}

/** Services whose tasks mount secrets. */
export const holdersIn = (services: readonly ApiService[]): readonly ApiService[] =>
  services.filter(({ Spec }) => (Spec.TaskTemplate.ContainerSpec.Secrets ?? []).length > 0);

/**
 * What each service mounts, and how it is deployed.
 *
 * @param accessOf what a service of these settings may read of a store that it logs in to; left out, nobody is asked
 */
export async function readServices(
  docker: Docker,
  services: readonly ApiService[],
  accessOf: (env: ServiceFact["env"]) => Promise<AccessFact | undefined> = () => Promise.resolve(undefined),
): Promise<readonly ServiceFact[]> {
  const secrets = new Map(secretSchema.parse(await docker.listSecrets()).map(({ ID, Spec }) => [ID, Spec.Labels]));
  const facts = services.map(async (service): Promise<ServiceFact> => {
    const { Labels, Mode, UpdateConfig, RollbackConfig, EndpointSpec, TaskTemplate } = service.Spec;
    const { Image, User, ReadOnly, CapabilityDrop, Healthcheck, Secrets } = TaskTemplate.ContainerSpec;
    return {
      name: nameOf(service),
      job: Labels?.[jobLabel] !== undefined,
      image: Image,
      env: environmentOf(service),
      mounts: (Secrets ?? []).map(({ SecretID, File }) =>
        mountOf(File, secrets.get(SecretID), Labels?.["goimg.stack"] ?? ""),
      ),
      access: await accessOf(environmentOf(service)),
      user: User ?? "",
      readOnly: ReadOnly === true,
      dropsAll: (CapabilityDrop ?? []).includes("ALL") || (CapabilityDrop ?? []).includes("CAP_ALL"),
      replicas: Mode?.Replicated?.Replicas ?? 1,
      hasHealth: (Healthcheck?.Test ?? []).some((word) => !["NONE", "CMD", "CMD-SHELL"].includes(word)),
      order: UpdateConfig?.Order ?? "stop-first",
      onFailure: UpdateConfig?.FailureAction ?? "pause",
      rollbackOrder: RollbackConfig?.Order ?? "stop-first",
      networks: (TaskTemplate.Networks ?? []).map(({ Target }) => Target),
      publishes: (EndpointSpec?.Ports ?? []).length > 0,
    };
  });
  return Promise.all(facts);
}

function mountOf(
  { Name, UID, Mode }: { readonly Name: string; readonly UID: string; readonly Mode: number },
  found: Readonly<Record<string, string>> | null | undefined,
  stack: string,
): MountFact {
  const generation = found?.["goimg.generation"];
  return {
    file: Name,
    entry: found?.["goimg.entry"],
    generation: generation === undefined ? undefined : Number(generation),
    stack: found?.["goimg.stack"],
    // Another stack's login is none here.
    login: found?.["goimg.stack"] === stack ? found[loginLabel] : undefined,
    uid: UID,
    mode: Mode,
  };
}

/** What of a stack is in the Swarm's store, and in Vault where that keeps values; once, when both have it. */
export async function readStore(
  docker: Docker,
  stack: string,
  { keepIn, vault }: StoreSettings,
): Promise<readonly StoredFact[]> {
  const listed = await docker.listSecrets({ filters: { label: [`goimg.stack=${stack}`] } }).catch(unreachable);
  const inSwarm = secretSchema
    .parse(listed)
    .filter(({ Spec }) => Spec.Labels?.[loginLabel] === undefined)
    .map(({ CreatedAt, Spec }) => ({
      entry: Spec.Labels?.["goimg.entry"] ?? Spec.Name,
      generation: Number(Spec.Labels?.["goimg.generation"] ?? 0),
      createdAt: new Date(CreatedAt),
    }));
  if (vault === undefined || !keepIn.includes("vault")) return inSwarm;
  const { address, mount } = vault;
  const kept = await keptInVault({ address, mount, stack }).catch(vaultUnreachable);
  const all = new Map([...inSwarm, ...kept].map((one) => [`${one.entry} ${one.generation}`, one]));
  return [...all.values()].map(({ entry, generation, createdAt }) => ({ entry, generation, createdAt }));
}

const taskSchema = z.array(
  z.object({
    ID: z.string(),
    Slot: z.number().optional(),
    Status: z.object({
      State: z.string(),
      ContainerStatus: z.object({ ContainerID: z.string() }).partial().optional(),
    }),
  }),
);

/** The containers of a service's running tasks. Those of other nodes can't be entered from here, and are named so. */
export async function runningContainers(docker: Docker, service: ApiService): Promise<readonly string[]> {
  const filters = { service: [service.ID], "desired-state": ["running"] };
  const tasks = taskSchema.parse(await docker.listTasks({ filters }));
  return tasks
    .filter(({ Status }) => Status.State === "running")
    .map(({ Status }) => Status.ContainerStatus?.ContainerID ?? "");
}

/**
 * What a command prints inside a running container. Its output stays in this process.
 *
 * @throws NotReadable when the container is on another node, or the command fails
 */
export async function execute(docker: Docker, container: string, command: readonly string[]): Promise<string> {
  try {
    const exec = await docker
      .getContainer(container)
      .exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({ hijack: true, stdin: false });
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    const { ExitCode } = await exec.inspect();
    if (ExitCode !== 0) throw new Error(`${command[0] ?? ""} ended with ${ExitCode ?? "nothing"}`);
    return withoutHeaders(Buffer.concat(chunks));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NotReadable(`the container ${container.slice(0, 12)} can't be looked into from this engine: ${why}`);
  }
}
