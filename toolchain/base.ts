import { mkdir, rename } from "node:fs/promises";
import { existsSync } from "node:fs";
import path from "node:path";
import { docker, dockerOrFail } from "./docker.ts";
import type { Engine } from "./engine.ts";
import { cacheDirectory } from "./paths.ts";
import { findCommand, isRoot, runAsRoot } from "./process.ts";
import { step, type Report } from "./progress.ts";
import { baseImage } from "./versions.ts";

/** Registry of the base image, asked before a pull: an unreachable one would hold the pull up for a minute. */
const registry = "https://registry-1.docker.io/v2/";
/** How long it may take to answer, in milliseconds. */
const registryPatience = 3000;

/**
 * Makes sure that the engine has the base image: pulled where the registry can be reached, else made from Debian's packages
 * and imported under the same name, so that the same Dockerfiles build on both.
 */
export async function ensureBase(engine: Engine, report: Report): Promise<void> {
  const { name } = baseImage;
  if ((await docker(engine.host, ["image", "inspect", name])).exitCode === 0) return;
  if (await registryAnswers()) {
    const pulled = await step(report, `pulling ${name}`, async () => docker(engine.host, ["pull", "--quiet", name]));
    if (pulled.exitCode === 0) return;
  }
  const tarball = path.join(cacheDirectory(), "base", `${baseImage.suite}-${process.arch}.tar`);
  if (!existsSync(tarball)) await bootstrap(tarball, report);
  await dockerOrFail(engine.host, ["import", "--change", 'CMD ["bash"]', tarball, name]);
}

async function registryAnswers(): Promise<boolean> {
  try {
    // Any answer will do: without credentials it is 401.
    await fetch(registry, { signal: AbortSignal.timeout(registryPatience) });
    return true;
  } catch {
    return false;
  }
}

/** Makes the smallest Debian that apt works in, without documentation, as the official slim image. */
async function bootstrap(tarball: string, report: Report): Promise<void> {
  await mkdir(path.dirname(tarball), { recursive: true });
  if ((await findCommand("mmdebstrap")) === undefined) {
    await step(report, "installing Debian's mmdebstrap", async () => {
      await runAsRoot("apt-get", ["install", "-qq", "-y", "--no-install-recommends", "mmdebstrap"]);
    });
  }
  const partial = `${tarball}.partial`;
  await step(report, `the registry cannot be reached: making ${baseImage.name} from Debian's packages`, async () => {
    const without = ["man", "doc", "locale", "info"].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`);
    const flags = [
      "--quiet",
      "--variant=minbase",
      "--format=tar",
      ...without,
      "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    ];
    await runAsRoot("mmdebstrap", [...flags, baseImage.suite, partial]);
    if (!isRoot()) await runAsRoot("chown", [`${process.getuid?.() ?? 0}`, partial]);
    await rename(partial, tarball);
  });
}
