/** The prod stack on the fake of DigitalOcean (test/fakes/digitalocean), through the real engine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import Docker from "dockerode";
import { parse, stringify } from "yaml";
import type { PulumiResult } from "../../../cli/pulumi.ts";
import { imageTag } from "../../../toolchain/images.ts";
import { spacesAddress } from "../../fakes/digitalocean/spaces.ts";
import { createProject, Project, repository } from "../project.ts";

/** A stack of the environment `prod`, and the cloud that it is in. */
export interface CloudProject {
  readonly project: Project;
  /** Changes the stack's config and updates it, with the policy pack. */
  update(config?: Readonly<Record<string, unknown>>): Promise<PulumiResult>;
  /** What the cloud has of a kind, as the fake keeps it. */
  things(kind: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Removes the project's folder, with its state. What the state is of is somebody else's to end. */
  remove(): Promise<void>;
}

/** What `prod` needs to be told: addresses of documentation. */
export const cluster = {
  region: "fra1",
  domain: "images.example.com",
  managers: 3,
  workers: 2,
  ipRange: "10.108.0.0/24",
  sshFrom: ["203.0.113.7/32"],
  spacesEndpoint: `http://${spacesAddress}:7070`,
  bucket: "test-goimg-objects",
  backupBucket: "test-goimg-backups",
  alertEmails: ["operations@example.com"],
} as const;

/**
 * @param nodeImage what droplets are containers of; without it they are said to exist, and nothing runs
 * @param source folder that has the program's parts, instead of the repository
 */
export async function createCloudProject(
  nodeImage?: string,
  config: Readonly<Record<string, unknown>> = {},
  source?: string,
): Promise<CloudProject> {
  const from = source === undefined ? {} : { source };
  const { place } = await createProject({
    stack: "prod",
    config: { environment: "prod", cluster, ...config },
    ...from,
  });
  const { directory } = place;
  const cloud = path.join(directory, "cloud");
  await mkdir(cloud, { mode: 0o700 });
  await addFake(directory);
  const env = {
    ...place.env,
    GOIMG_FAKE_CLOUD: cloud,
    // The key's and the known host's files are the project's own.
    XDG_STATE_HOME: path.join(directory, "local"),
    ...(nodeImage === undefined ? {} : { GOIMG_FAKE_NODE_IMAGE: nodeImage, GOIMG_FAKE_S3_IMAGE: imageTag("s3") }),
  };
  const project = new Project({ ...place, env });
  return {
    project,
    async update(changes = {}) {
      await project.configure(changes);
      return project.pulumi("up", "--yes", "--skip-preview", "--policy-pack", path.join(repository, "policies"));
    },
    async things(kind) {
      const files = await readdir(path.join(cloud, kind)).catch(() => []);
      const texts = await Promise.all(files.map((file) => readFile(path.join(cloud, kind, file), "utf8")));
      return texts.map((text) => JSON.parse(text) as Readonly<Record<string, unknown>>);
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** The engine loads it in the place of the real provider. */
async function addFake(directory: string): Promise<void> {
  const file = path.join(directory, "Pulumi.yaml");
  const project = parse(await readFile(file, "utf8")) as { plugins: { providers: object[] } };
  project.plugins.providers.push({ name: "digitalocean", path: path.join(repository, "test/fakes/digitalocean") });
  await writeFile(file, stringify(project));
}

/** What a command prints in a droplet: Docker's own way in, which no part of the stack uses. */
export async function inDroplet(engine: Docker, name: string, ...command: readonly string[]): Promise<string> {
  const [found] = await engine.listContainers({ all: true, filters: { label: [`goimg.droplet=${name}`] } });
  if (found === undefined) throw new Error(`there is no droplet ${name}`);
  const exec = await engine.getContainer(found.Id).exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const chunks: Buffer[] = [];
  await new Promise((done, fail) => {
    const sink = (chunk: Buffer): void => void chunks.push(chunk);
    engine.modem.demuxStream(stream, { write: sink } as never, { write: sink } as never);
    stream.on("end", done).on("error", fail);
  });
  return Buffer.concat(chunks).toString("utf8");
}

/** Gives every droplet the images that the services run, and others, as a registry would. */
export async function loadImages(engine: Docker, others: readonly string[] = []): Promise<void> {
  const tags = [...["app", "postgres", "redis", "gateway", "grafana"].map(imageTag), ...others];
  const droplets = await engine.listContainers({ filters: { label: ["goimg.droplet"] } });
  const save = spawn("docker", ["save", ...tags], { stdio: ["ignore", "pipe", "inherit"] });
  const loads = droplets.map(({ Id: id }) => {
    const load = spawn("docker", ["exec", "--interactive", id, "docker", "load", "--quiet"], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    save.stdout.pipe(load.stdin);
    return once(load, "exit");
  });
  const codes = (await Promise.all(loads)).map(([code]) => code as number | null);
  if (codes.some((code) => code !== 0)) throw new Error(`docker load exited with ${codes.join(", ")}`);
}
