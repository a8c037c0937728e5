import { images } from "../images/images.ts";
import type { Engine } from "./engine.ts";
import { hashInputs } from "./hash.ts";
import { projectRoot } from "./paths.ts";
import { reportToTerminal, type Report } from "./progress.ts";

/**
 * The reference of an image of this project, by the hash of all that it is made of. Pure: it needs no engine.
 *
 * @throws Error for a name that has no image.
 */
export function imageTag(name: string): string {
  const image = images[name];
  if (image === undefined)
    throw new Error(`there is no image ${name}: images/images.ts has ${Object.keys(images).join(", ")}`);
  return `goimg-secrets/${name}:${hashInputs(projectRoot, image.inputs, [image.base]).slice(0, 12)}`;
}

/**
 * Makes sure that an engine has every image of this project. The developer's engine builds what it lacks. The tests' has no
 * network to build with: it loads what another engine built, from a file in the cache.
 */
export async function buildImages(engine: Engine, report: Report = reportToTerminal): Promise<void> {
  // Loaded when it is used: a Pulumi program asks for names alone.
  const { buildMissing } = await import("./imageBuilds.ts");
  await buildMissing(engine, report);
}
