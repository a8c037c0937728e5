import { randomUUID } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { hashInputs } from "./hash.ts";
import { madeOnce } from "./madeOnce.ts";
import { cacheDirectory, projectRoot } from "./paths.ts";
import { goProblems, joinProblems } from "./preflight.ts";
import { runOrFail } from "./process.ts";
import { reportToTerminal, step, type Report } from "./progress.ts";

/** Programs of others, for tests alone, as their own authors' source builds them. */
interface GoTool {
  readonly name: string;
  /** Folder of the module that pins them. */
  readonly module: string;
  readonly packages: readonly string[];
  /** How long a first build takes on two cores. */
  readonly cold: string;
}

/** `age` and `age-keygen`, which the manuals' commands call: pinned beside the library that the images encrypt with. */
export const ageTools = (report?: Report): Promise<string> =>
  built(
    {
      name: "age",
      module: "images/go",
      packages: ["filippo.io/age/cmd/age", "filippo.io/age/cmd/age-keygen"],
      cold: "1m",
    },
    report,
  );

/** `sops`, which reads what `goimg-secrets export` writes. */
export const sopsTools = (report?: Report): Promise<string> =>
  built(
    { name: "sops", module: "toolchain/go/sops", packages: ["github.com/getsops/sops/v3/cmd/sops"], cold: "3m" },
    report,
  );

/** `actionlint`, which knows what GitHub takes in a workflow. */
export const actionlintTools = (report?: Report): Promise<string> =>
  built(
    {
      name: "actionlint",
      module: "toolchain/go/actionlint",
      packages: ["github.com/rhysd/actionlint/cmd/actionlint"],
      cold: "30s",
    },
    report,
  );

/**
 * Folder of the programs, which are built when they are not in the cache.
 *
 * @throws OperatorError when Go is missing, or the build fails
 */
async function built({ name, module, packages, cold }: GoTool, report: Report = reportToTerminal): Promise<string> {
  const inputs = [`${module}/go.mod`, `${module}/go.sum`];
  const key = hashInputs(projectRoot, inputs, [process.platform, process.arch, ...packages]).slice(0, 16);
  const folder = path.join(cacheDirectory(), "parts", name, key);
  const make = async (): Promise<void> => {
    joinProblems(await goProblems());
    await rm(path.dirname(folder), { recursive: true, force: true });
    const partial = path.join(path.dirname(folder), randomUUID());
    await mkdir(partial, { recursive: true });
    await step(report, `${name}, for tests: building (${cold} cold on two cores)`, async () => {
      const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-mod=readonly" };
      await runOrFail("go", ["build", "-trimpath", "-o", partial, ...packages], {
        cwd: path.join(projectRoot, module),
        env,
      });
    });
    await rename(partial, folder);
  };
  await madeOnce(folder, name, make, report);
  return folder;
}
