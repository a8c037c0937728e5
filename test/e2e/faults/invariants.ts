import { readFileSync } from "node:fs";
import { secretNames, secretSpecs, type SecretName } from "../../../components/catalog/grants.ts";
import { readDeclared } from "../../../cli/rotation/declared.ts";
import { observeSwarm } from "../../../components/cluster/swarm/observe.ts";
import type { Project } from "../project.ts";
import { accepted, containers, mounted, type Attempt } from "../rotation/holders.ts";

/** A credential of the stack and who holds it. */
export interface Credential {
  readonly holder: string;
  readonly attempt: Attempt;
}

/** The credentials that the clients' running tasks hold now, each once. */
export async function heldCredentials(project: Project): Promise<readonly Credential[]> {
  const found = new Map<string, Credential>();
  for (const holder of ["api", "worker"]) {
    for (const container of (await containers(project, holder)).filter(({ State }) => State.Pid > 0)) {
      const read = (name: string): string => mounted(container, name) ?? "";
      const generation = activeIn(mountedManifest(container.State.Pid), "DB_PASSWORD");
      const held: Attempt[] = [
        { kind: "postgres", user: `goimg_g${generation}`, password: read("DB_PASSWORD") },
        { kind: "s3", accessKeyId: read("S3_ACCESS_KEY"), secretAccessKey: read("S3_SECRET_KEY") },
        ...(holder === "api" ? [{ kind: "redis", user: "goimg", password: read("REDIS_PASSWORD") } as const] : []),
      ];
      for (const attempt of held) found.set(JSON.stringify(attempt), { holder, attempt });
    }
  }
  return [...found.values()];
}

/**
 * What of ADR 2's invariants does not hold now; empty when all do. Tries every credential on the real servers.
 *
 * @param kept credentials that have to work although nobody may hold them any more: the old ones, until they are retired
 */
export async function violations(project: Project, kept: readonly Credential[]): Promise<readonly string[]> {
  const [held, referred, counted] = await Promise.all([
    heldCredentials(project),
    danglingReferences(project),
    tooMany(project),
  ]);
  const credentials = new Map([...held, ...kept].map((one) => [JSON.stringify(one.attempt), one]));
  const refused = await Promise.all(
    [...credentials.values()].map(async ({ holder, attempt }) => {
      const answer = await accepted(project, attempt);
      return answer === true ? [] : [`${attempt.kind} refuses what ${holder} holds (${String(answer)})`];
    }),
  );
  return [...refused.flat(), ...referred, ...counted];
}

/** Services and tasks that refer to a store entry that is not there (invariant 2). */
async function danglingReferences({ docker }: Project): Promise<readonly string[]> {
  const [services, tasks, secrets] = (await Promise.all([
    docker.listServices(),
    docker.listTasks({ filters: { "desired-state": ["running"] } }),
    docker.listSecrets(),
  ])) as unknown as [readonly { Spec: { TaskTemplate: Spec } }[], readonly { Spec: Spec }[], readonly { ID: string }[]];
  const known = new Set(secrets.map(({ ID }) => ID));
  const specs = [...services.map(({ Spec: { TaskTemplate } }) => TaskTemplate), ...tasks.map(({ Spec }) => Spec)];
  return specs
    .flatMap(({ ContainerSpec: { Secrets = [] } }) => Secrets)
    .filter(({ SecretID }) => !known.has(SecretID))
    .map(({ SecretName: name }) => `${name} is referred to, and not in the store`);
}

interface Spec {
  readonly ContainerSpec: { readonly Secrets?: readonly { readonly SecretID: string; readonly SecretName: string }[] };
}

/** Secrets with more than two generations, declared or stored (invariant 5). */
async function tooMany(project: Project): Promise<readonly string[]> {
  const [declared, observed] = await Promise.all([
    readDeclared(project.configFile),
    observeSwarm(project.docker, project.stack),
  ]);
  return secretNames.flatMap((secret) => {
    const stored = observed.secrets.filter(({ entry }) => entry in secretSpecs[secret].entries);
    const generations = new Set(stored.map(({ generation }) => generation));
    return [
      ...(declared[secret].live.length > 2
        ? [`${declared[secret].live.length} generations of ${secret} are declared`]
        : []),
      ...(generations.size > 2 ? [`${generations.size} generations of ${secret} are stored`] : []),
    ];
  });
}

function mountedManifest(pid: number): Manifest {
  return JSON.parse(readFileSync(`/proc/${pid}/root/run/goimg/manifest.json`, "utf8")) as Manifest;
}

interface Manifest {
  readonly secrets: readonly { readonly name: string; readonly active: number | null }[];
}

const activeIn = ({ secrets }: Manifest, secret: SecretName): number =>
  secrets.find(({ name }) => name === secret)?.active ?? 0;
