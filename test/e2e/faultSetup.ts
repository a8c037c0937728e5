/** The fault tests bring up stacks of their own, side by side: they begin with an empty engine, and must leave one. */
import { dockerAt } from "../../cli/recovery/objects.ts";
import { emptyEngine, remainsAtLast } from "./engine.ts";
import { removeSmallDisks } from "./smallDisk.ts";
import { failing } from "./teardown.ts";

export default async function setup(): Promise<() => Promise<void>> {
  const host = process.env["DOCKER_HOST"];
  if (host === undefined || process.env["GOIMG_TEST_RUN"] === undefined) {
    throw new Error("the fault tests need an engine of their own: run them with node test/run.ts fault");
  }
  const docker = dockerAt(host);
  removeSmallDisks();
  await emptyEngine(docker);
  return failing(async () => {
    const left = await remainsAtLast(docker);
    if (left.length > 0) throw new Error(`the fault tests left behind: ${left.join(", ")}`);
  });
}
