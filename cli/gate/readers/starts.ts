/** Starts the stack's real images apart from it, without secrets, to see that they refuse. */
import type Docker from "dockerode";
import { pack } from "tar-stream";
import * as z from "zod";
import { manifestPath } from "../../../components/secrets/manifest.ts";
import { parseManifest, type Manifest } from "../../../runtime/manifest.ts";
import { withoutHeaders } from "../../rotation/reports.ts";
import { unknownProvider } from "../controls/providerAbstraction.ts";
import { NotReadable } from "../control.ts";
import type { StartFact } from "../facts.ts";
import { environmentOf, holdersIn, nameOf, type ApiService } from "./services.ts";

/** How long a service may take to refuse, in milliseconds: a busy machine needs seconds to start one. */
const patience = 20_000;
/** Containers at a time. */
const sideBySide = 2;

/** Label of what the gate starts, so that what a killed gate left can be told. */
export const startLabel = "goimg.gate";

const findingSchema = z.looseObject({
  event: z.literal("secrets.invalid"),
  entry: z.string().nullable(),
  reason: z.string(),
});

interface Trial {
  readonly service: ApiService;
  readonly provider: string | undefined;
}

/** Each service that holds secrets, as the stack starts it, without them. */
export function startWithoutSecrets(docker: Docker, services: readonly ApiService[]): Promise<readonly StartFact[]> {
  return run(
    docker,
    holdersIn(services).map((service) => ({ service, provider: undefined })),
  );
}

/** One service of each image and command that holds secrets, with each provider, and with one that does not exist. */
export function startWithProviders(
  docker: Docker,
  services: readonly ApiService[],
  providers: readonly string[],
): Promise<readonly StartFact[]> {
  const images = Map.groupBy(holdersIn(services), ({ Spec }) => {
    const { Image, Command } = Spec.TaskTemplate.ContainerSpec;
    return JSON.stringify([Image, Command]);
  });
  const first = [...images.values()].flatMap(([service]) => service ?? []);
  return run(
    docker,
    first.flatMap((service) => [...providers, unknownProvider].map((provider) => ({ service, provider }))),
  );
}

async function run(docker: Docker, trials: readonly Trial[]): Promise<readonly StartFact[]> {
  const queue = [...trials.entries()];
  const facts: StartFact[] = [];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      facts[next[0]] = await start(docker, next[1]);
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, worker));
  return facts;
}

async function start(docker: Docker, { service, provider }: Trial): Promise<StartFact> {
  const { Image, Command, Args, User } = service.Spec.TaskTemplate.ContainerSpec;
  const env = {
    ...environmentOf(service),
    ...(provider === undefined ? {} : { SECRET_PROVIDER: provider, GOIMG_ENV: "development" }),
  };
  const manifest = await manifestOf(docker, service);
  const container = await docker
    .createContainer({
      Image: Image.split("@")[0] ?? Image,
      ...(Command === undefined ? {} : { Entrypoint: Command }),
      ...(Args === undefined ? {} : { Cmd: Args }),
      ...(User === undefined ? {} : { User }),
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      Labels: { [startLabel]: "start" },
      HostConfig: { NetworkMode: "none", CapDrop: ["ALL"], Init: true, Memory: 512 * 1024 * 1024 },
    })
    .catch((error: unknown) => {
      throw new NotReadable(`the image of ${nameOf(service)} can't be started here: ${(error as Error).message}`);
    });
  try {
    if (manifest !== undefined) await container.putArchive(await archive(manifest, provider), { path: "/" });
    await container.start();
    const exitCode = await ended(container);
    const output = withoutHeaders(await container.logs({ stdout: true, stderr: true }));
    return { service: nameOf(service), provider, exitCode, required: requiredBy(manifest), ...said(output) };
  } finally {
    await container.remove({ force: true, v: true });
  }
}

async function ended(container: Docker.Container): Promise<number | undefined> {
  const waiting = new AbortController();
  const timer = setTimeout(() => {
    waiting.abort();
  }, patience);
  try {
    const { StatusCode } = (await container.wait({ abortSignal: waiting.signal })) as { readonly StatusCode: number };
    return StatusCode;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** The manifest that the service has. */
async function manifestOf(docker: Docker, { Spec }: ApiService): Promise<Manifest | undefined> {
  const found = Spec.TaskTemplate.ContainerSpec.Configs?.find(({ File }) => File?.Name === manifestPath);
  if (found === undefined) return undefined;
  const config = (await docker.getConfig(found.ConfigID).inspect()) as { readonly Spec: { readonly Data: string } };
  const parsed = parseManifest(Buffer.from(config.Spec.Data, "base64").toString("utf8"));
  if (!parsed.ok) throw new NotReadable(`the manifest of ${Spec.Name} is not one: ${parsed.problems.join("; ")}`);
  return parsed.manifest;
}

/** In production no service takes the development provider, so a trial of providers is not in production. */
async function archive(manifest: Manifest, provider: string | undefined): Promise<Buffer> {
  const tar = pack();
  const content = JSON.stringify(provider === undefined ? manifest : { ...manifest, production: false });
  tar.entry({ name: manifestPath.slice(1), mode: 0o444 }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function requiredBy(manifest: Manifest | undefined): readonly string[] {
  return (manifest?.secrets ?? [])
    .filter(({ live }) => live.length > 0)
    .flatMap(({ entries }) => entries.map(({ name }) => name))
    .sort();
}

function said(output: string): Pick<StartFact, "named" | "reasons"> {
  const findings = output.split("\n").flatMap((line) => {
    try {
      return [findingSchema.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
  const distinct = (values: readonly string[]): readonly string[] => [...new Set(values)].sort();
  return {
    named: distinct(findings.flatMap(({ entry }) => entry ?? [])),
    reasons: distinct(findings.map(({ reason }) => reason)),
  };
}
