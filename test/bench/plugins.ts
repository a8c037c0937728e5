import { link, mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { hashInputs } from "../../toolchain/hash.ts";
import { madeOnce } from "../../toolchain/madeOnce.ts";
import { cacheDirectory, projectRoot } from "../../toolchain/paths.ts";
import { goProblems, joinProblems } from "../../toolchain/preflight.ts";
import { runOrFail } from "../../toolchain/process.ts";
import { reportToTerminal, step } from "../../toolchain/progress.ts";

/** What the mirror calls the providers: they are pinned commits, not releases. */
const providerVersion = "0.0.1";
const openTofuVersion = "1.12.6";

/** A program that is built from a Go module below `test/bench/go`, whose go.mod pins it. */
interface Build {
  readonly module: string;
  readonly package: string;
  readonly program: string;
  readonly flags?: readonly string[];
}

/** The upstream providers at the commits that `toolchain/go` bridges, as Terraform runs them: by namespace and type. */
const providers: Readonly<Record<string, Build>> = {
  "hashicorp/random": {
    module: "random-tls",
    package: "github.com/terraform-providers/terraform-provider-random",
    program: "terraform-provider-random",
  },
  "hashicorp/tls": {
    module: "random-tls",
    package: "github.com/hashicorp/terraform-provider-tls",
    program: "terraform-provider-tls",
  },
  "kreuzwerker/docker": {
    module: "docker",
    package: "github.com/terraform-providers/terraform-provider-docker",
    program: "terraform-provider-docker",
  },
};

/** OpenTofu of the pinned version: the path of its program. */
export async function openTofu(): Promise<{ readonly program: string; readonly version: string }> {
  const program = await built({
    module: "opentofu",
    package: "github.com/opentofu/opentofu/cmd/tofu",
    program: "tofu",
    flags: ["-ldflags=-s -w -X github.com/opentofu/opentofu/version.dev=no"],
  });
  return { program, version: openTofuVersion };
}

/** A folder that serves the providers as a file system mirror, for both programs' default registries. */
export async function providerMirror(): Promise<string> {
  const mirror = path.join(cacheDirectory(), "bench", "mirror");
  const goArchitecture = process.arch === "x64" ? "amd64" : process.arch;
  for (const [source, build] of Object.entries(providers)) {
    const program = await built(build);
    for (const registry of ["registry.terraform.io", "registry.opentofu.org"]) {
      const directory = path.join(mirror, registry, source, providerVersion, `linux_${goArchitecture}`);
      await mkdir(directory, { recursive: true });
      const served = path.join(directory, `${build.program}_v${providerVersion}`);
      await rm(served, { force: true });
      await link(program, served);
    }
  }
  return mirror;
}

/** Path of the built program, from the cache if nothing that it is made of has changed. */
async function built(build: Build): Promise<string> {
  const module = path.join("test", "bench", "go", build.module);
  const flags = build.flags ?? ["-ldflags=-s -w"];
  const key = hashInputs(projectRoot, [module], [build.package, process.arch, ...flags]).slice(0, 16);
  const program = path.join(cacheDirectory(), "bench", "bin", `${build.program}-${key}`);
  await madeOnce(program, "bench", async () => {
    joinProblems(await goProblems());
    await mkdir(path.dirname(program), { recursive: true });
    await step(reportToTerminal, `building ${build.program}, which takes minutes the first time`, async () => {
      const partial = `${program}.partial`;
      await runOrFail("go", ["build", "-trimpath", "-buildvcs=false", ...flags, "-o", partial, build.package], {
        cwd: path.join(projectRoot, module),
        env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-mod=readonly" },
      });
      await rename(partial, program);
    });
  });
  return program;
}
