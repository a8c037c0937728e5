/** What App Platform has of the stack: the fake's own files are read, never Pulumi. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parse, stringify } from "yaml";
import { opened, type Spec } from "../../fakes/digitalocean/apps.ts";
import { createProject, Project, repository } from "../project.ts";

/** An app as the cloud has it: with ciphertexts. */
export interface StoredApp {
  readonly id: string;
  readonly deployments: number;
  readonly spec: Spec;
}

/** A stack of the environment `app`, and the cloud that it is in. */
export interface AppProject {
  readonly project: Project;
  /** All that the cloud has. */
  readonly cloud: string;
  app(): Promise<StoredApp | undefined>;
}

export async function createAppProject(config: Readonly<Record<string, unknown>>): Promise<AppProject> {
  const { place } = await createProject({ stack: "app", config: { environment: "app", ...config } });
  const cloud = path.join(place.directory, "cloud");
  await mkdir(cloud, { mode: 0o700 });
  const file = path.join(place.directory, "Pulumi.yaml");
  const settings = parse(await readFile(file, "utf8")) as { plugins: { providers: object[] } };
  settings.plugins.providers.push({ name: "digitalocean", path: path.join(repository, "test/fakes/digitalocean") });
  await writeFile(file, stringify(settings));
  return {
    project: new Project({ ...place, env: { ...place.env, GOIMG_FAKE_CLOUD: cloud } }),
    cloud,
    async app() {
      const [name] = await readdir(path.join(cloud, "app")).catch(() => []);
      if (name === undefined) return undefined;
      return JSON.parse(await readFile(path.join(cloud, "app", name), "utf8")) as StoredApp;
    },
  };
}

/** The environment that App Platform starts each component with: what is encrypted in the clear, what is bound filled in. */
export function environments(cloud: string, { id, spec }: StoredApp): ReadonlyMap<string, Record<string, string>> {
  const components = [...(spec.services ?? []), ...(spec.workers ?? []), ...(spec.jobs ?? [])];
  return new Map(
    components.map(({ name, envs = [] }) => {
      const pairs = envs.map(({ key, value, type }) => [
        key,
        type === "SECRET" ? opened(cloud, id, value) : value.replaceAll("${APP_ID}", id),
      ]);
      return [name, Object.fromEntries(pairs) as Record<string, string>];
    }),
  );
}

/** Names of the variables of a type, by component. */
export function variablesOf({ spec }: StoredApp, type: "GENERAL" | "SECRET"): ReadonlyMap<string, readonly string[]> {
  const components = [...(spec.services ?? []), ...(spec.workers ?? []), ...(spec.jobs ?? [])];
  return new Map(
    components.map(({ name, envs = [] }) => [
      name,
      envs
        .filter((one) => one.type === type)
        .map(({ key }) => key)
        .sort(),
    ]),
  );
}
