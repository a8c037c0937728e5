/** Brings the dev stack up once for all e2e tests, and proves at the end that taking it down leaves nothing behind. */
import { randomBytes } from "node:crypto";
import type { TestProject } from "vitest/node";
import { emptyEngine, remainsAtLast } from "./engine.ts";
import { createProject, type ProjectPlace } from "./project.ts";
import { failing } from "./teardown.ts";
import { dockerAt } from "../../cli/recovery/objects.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The dev stack that is up. */
    readonly stack: ProjectPlace;
  }
}

export default async function setup(vitest: TestProject): Promise<() => Promise<void>> {
  const host = process.env["DOCKER_HOST"];
  if (host === undefined || process.env["GOIMG_TEST_RUN"] === undefined) {
    throw new Error("the e2e tests need an engine of their own: run them with node test/run.ts e2e");
  }
  await emptyEngine(dockerAt(host));
  const project = await createProject({ stack: "dev" });
  // A third party's value takes another way through the stack than one that the stack generates.
  await project.supply("SMTP_PASSWORD", randomBytes(24).toString("base64url"));
  const started = performance.now();
  const { exitCode, stdout, stderr } = await project.up();
  if (exitCode !== 0) {
    await project.remove();
    throw new Error(`the dev stack did not come up:\n${stdout}\n${stderr}`);
  }
  const took = performance.now() - started;
  process.stdout.write(`the dev stack is up after ${(took / 1000).toFixed(1)} s\n`);
  vitest.provide("stack", project.place);
  return failing(async () => {
    const destroyed = await project.remove();
    if (destroyed.exitCode !== 0) throw new Error(`pulumi destroy failed:\n${destroyed.stdout}\n${destroyed.stderr}`);
    const left = await remainsAtLast(project.docker);
    if (left.length > 0) throw new Error(`pulumi destroy left behind: ${left.join(", ")}`);
  });
}
