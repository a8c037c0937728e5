import { mkdir, mkdtemp, rename, rm, readdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createHash } from "node:crypto";
import { OperatorError } from "../cli/error.ts";
import { images } from "../images/images.ts";
import { ensureBase } from "./base.ts";
import { docker, dockerAnswers, dockerOrFail } from "./docker.ts";
import { ensureEngine, stopEngine, type Engine } from "./engine.ts";
import { imageTag } from "./images.ts";
import { withLock } from "./lock.ts";
import { cacheDirectory } from "./paths.ts";
import { step, type Report } from "./progress.ts";
import { readRecord } from "./record.ts";

/** Builds at a time: most of a build waits for packages. */
const sideBySide = 3;

/** References by the image's name. Taken once a run, so that an edit during a build cannot mix two states. */
type Tags = ReadonlyMap<string, string>;

/** The work of `buildImages`. */
export async function buildMissing(engine: Engine, report: Report): Promise<void> {
  const tags = currentTags();
  if ((await missingImages(engine.host, tags)).size === 0) return;
  await withLock(
    path.join(cacheDirectory(), "images.lock"),
    async () => {
      const missing = await missingImages(engine.host, tags);
      if (missing.size === 0) return;
      if (engine.namespace === undefined) await buildOn(engine, missing, report);
      else await loadInto(engine, tags, report);
    },
    report,
  );
}

/** Every image's reference, as of now. */
function currentTags(): Tags {
  return new Map(Object.keys(images).map((name) => [name, imageTag(name)]));
}

/** The images of `tags` that an engine lacks. */
async function missingImages(host: string, tags: Tags): Promise<Tags> {
  const { stdout } = await docker(host, [
    "image",
    "ls",
    "--format",
    "{{.Repository}}:{{.Tag}}",
    "--filter",
    "reference=goimg-secrets/*",
  ]);
  const present = new Set(stdout.split("\n"));
  return new Map([...tags].filter(([, tag]) => !present.has(tag)));
}

async function buildOn(engine: Engine, tags: Tags, report: Report): Promise<void> {
  await ensureBase(engine, report);
  const queue = [...tags];
  let started = 0;
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [name, tag] = next;
      const position = `[${(started += 1)}/${tags.size}]`;
      await step(report, `${position} image ${name}: building`, async () => buildOne(engine, name, tag));
    }
  };
  const results = await Promise.allSettled(Array.from({ length: sideBySide }, worker));
  const failures = results.filter((result) => result.status === "rejected").map(({ reason }) => String(reason));
  if (failures.length > 0) throw new OperatorError(failures.join("\n"));
}

async function buildOne(engine: Engine, name: string, tag: string): Promise<void> {
  const context = await mkdtemp(path.join(tmpdir(), `goimg-${name}-`));
  try {
    await images[name]?.prepare(context);
    // The engine's own builder: BuildKit is a package of its own on Debian, and is not needed.
    const env = { ...process.env, DOCKER_BUILDKIT: "0" };
    await dockerOrFail(engine.host, ["build", "--quiet", "--network=host", `--tag=${tag}`, context], { env });
    if (imageTag(name) !== tag) {
      await docker(engine.host, ["image", "rm", tag]);
      throw new OperatorError(`the sources of image ${name} changed while it was built: run this again`);
    }
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** The file that holds all images of today's inputs. */
function bundleFile(tags: Tags): string {
  const hash = createHash("sha256")
    .update([...tags.values()].sort().join("\n"))
    .digest("hex")
    .slice(0, 12);
  return path.join(cacheDirectory(), "images", `${hash}-${process.arch}.tar`);
}

async function loadInto(engine: Engine, tags: Tags, report: Report): Promise<void> {
  const file = bundleFile(tags);
  if (!existsSync(file)) await saveBundle(file, tags, report);
  await step(report, "loading the images", async () => dockerOrFail(engine.host, ["load", "--quiet", "--input", file]));
}

/** Saves the images from the developer's engine if it has them, else from one that is started to build them. */
async function saveBundle(file: string, tags: Tags, report: Report): Promise<void> {
  const dev = readRecord("dev");
  if (dev?.host !== undefined && (await dockerAnswers(dev.host)) && (await missingImages(dev.host, tags)).size === 0) {
    await save(dev.host, file, tags);
    return;
  }
  const builder = await ensureEngine({ name: "build", report });
  try {
    const missing = await missingImages(builder.host, tags);
    if (missing.size > 0) await buildOn(builder, missing, report);
    await save(builder.host, file, tags);
  } finally {
    await stopEngine("build", report);
  }
}

async function save(host: string, file: string, tags: Tags): Promise<void> {
  const directory = path.dirname(file);
  await mkdir(directory, { recursive: true });
  const partial = `${file}.partial`;
  await dockerOrFail(host, ["save", "--output", partial, ...tags.values()]);
  await rename(partial, file);
  // Bundles of earlier inputs: nothing asks for them again.
  for (const other of await readdir(directory)) {
    if (other !== path.basename(file)) await rm(path.join(directory, other), { force: true });
  }
}
