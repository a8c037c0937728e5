import { randomUUID } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { hashInputs } from "./hash.ts";
import { madeOnce } from "./madeOnce.ts";
import { cacheDirectory, projectRoot } from "./paths.ts";
import { goProblems, joinProblems } from "./preflight.ts";
import { runOrFail } from "./process.ts";
import { reportToTerminal, step, type Report } from "./progress.ts";

const tools = ["filippo.io/age/cmd/age", "filippo.io/age/cmd/age-keygen"];
/** The module that pins them beside the library that the images encrypt with. */
const module = "images/go";

/**
 * Folder of the real `age` and `age-keygen`, for tests alone: the manuals' commands call them. Built when they are not in the cache.
 *
 * @throws OperatorError when Go is missing, or the build fails
 */
export async function ageTools(report: Report = reportToTerminal): Promise<string> {
  const inputs = [`${module}/go.mod`, `${module}/go.sum`];
  const key = hashInputs(projectRoot, inputs, [process.platform, process.arch, ...tools]).slice(0, 16);
  const folder = path.join(cacheDirectory(), "parts", "age", key);
  const make = async (): Promise<void> => {
    joinProblems(await goProblems());
    await rm(path.dirname(folder), { recursive: true, force: true });
    const partial = path.join(path.dirname(folder), randomUUID());
    await mkdir(partial, { recursive: true });
    await step(report, "age, for tests: building", async () => {
      const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-mod=readonly" };
      await runOrFail("go", ["build", "-trimpath", "-o", partial, ...tools], {
        cwd: path.join(projectRoot, module),
        env,
      });
    });
    await rename(partial, folder);
  };
  await madeOnce(folder, "age", make, report);
  return folder;
}
