import { existsSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import path from "node:path";
import { ensureBase } from "../../../toolchain/base.ts";
import { docker, dockerOrFail } from "../../../toolchain/docker.ts";
import { ensureEngine, stopEngine, type Engine } from "../../../toolchain/engine.ts";
import { hashInputs } from "../../../toolchain/hash.ts";
import { cacheDirectory, projectRoot } from "../../../toolchain/paths.ts";
import { reportToTerminal, step } from "../../../toolchain/progress.ts";
import { baseImage } from "../../../toolchain/versions.ts";

const folder = path.join("test", "fakes", "digitalocean", "node");

/**
 * The image of the fake's droplets, on the tests' engine. Built where there is a network, and kept in the cache: the tests' engine has
 * none.
 */
export async function ensureNodeImage(engine: Engine): Promise<string> {
  const hash = hashInputs(projectRoot, [folder], [baseImage.name]).slice(0, 12);
  const tag = `goimg-test/node:${hash}`;
  if ((await docker(engine.host, ["image", "inspect", tag])).exitCode === 0) return tag;
  const file = path.join(cacheDirectory(), "nodes", `${hash}-${process.arch}.tar`);
  if (!existsSync(file))
    await step(reportToTerminal, "the image of the tests' droplets: building", () => build(tag, file));
  await dockerOrFail(engine.host, ["load", "--quiet", "--input", file]);
  return tag;
}

async function build(tag: string, file: string): Promise<void> {
  const builder = await ensureEngine({ name: "build" });
  try {
    await ensureBase(builder, reportToTerminal);
    const env = { ...process.env, DOCKER_BUILDKIT: "0" };
    const context = path.join(projectRoot, folder);
    await dockerOrFail(builder.host, ["build", "--quiet", "--network=host", `--tag=${tag}`, context], { env });
    await mkdir(path.dirname(file), { recursive: true });
    await dockerOrFail(builder.host, ["save", "--output", `${file}.partial`, tag]);
    await rename(`${file}.partial`, file);
  } finally {
    await stopEngine("build");
  }
}
