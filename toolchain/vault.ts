import { copyFile, cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { hashInputs } from "./hash.ts";
import { madeOnce } from "./madeOnce.ts";
import { goArguments, type GoBuild } from "./parts.ts";
import { cacheDirectory, projectRoot } from "./paths.ts";
import { goProblems, joinProblems } from "./preflight.ts";
import { runOrFail } from "./process.ts";
import { reportToTerminal, step, type Report } from "./progress.ts";

/** A real Vault server, for tests alone: with AppRole, JWT and KV, without the plugins of clouds and databases. */
const build: GoBuild = {
  module: "vault",
  package: "github.com/hashicorp/vault",
  tags: "minimal",
  cold: "10m",
};

/** A text of a file of Vault's, and what stands in its place. */
interface Adaptation {
  readonly file: string;
  readonly text: string;
  readonly instead: string;
}

/**
 * Vault's repository builds with the SDK beside it, which the module of this version leaves out, and no published SDK equals it: these
 * calls differ. They are of parts that no test uses: identity's deduplication, and Transit's restore.
 */
const adaptations: readonly Adaptation[] = [
  {
    file: "vault/identity_store.go",
    text: "ActivationFunc: iStore.activateDeduplication,",
    instead:
      "ActivationFunc: func(ctx context.Context, req *logical.Request, _ string) error { return iStore.activateDeduplication(ctx, req) },",
  },
  {
    file: "vault/logical_system_activation_flags.go",
    text: "ActivationFunc(ctx, nil)",
    instead: 'ActivationFunc(ctx, nil, "")',
  },
  {
    file: "builtin/logical/transit/path_restore.go",
    text: "restoredKeyName, err := b.lm.RestorePolicy(",
    instead: "restoredKeyName, err := keyName, b.lm.RestorePolicy(",
  },
];

const directory = path.join(projectRoot, "toolchain", "go", build.module);
// Static, so that no C compiler is needed; the module's own pins, whatever the user's workspace says.
const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-mod=readonly" };

/**
 * Path of the `vault` program, built when it is not in the cache: nothing but tests needs it, so `make up` does not build it.
 *
 * @throws OperatorError when Go is missing, or the build fails
 */
export async function vaultProgram(report: Report = reportToTerminal): Promise<string> {
  const extra = [process.platform, process.arch, ...goArguments(build), JSON.stringify(adaptations)];
  const key = hashInputs(projectRoot, [path.join("toolchain", "go", build.module)], extra).slice(0, 16);
  const program = path.join(cacheDirectory(), "parts", "vault", key);
  const make = async (): Promise<void> => {
    joinProblems(await goProblems());
    await rm(path.dirname(program), { recursive: true, force: true });
    await mkdir(path.dirname(program), { recursive: true });
    await step(report, `vault, for tests: building (${build.cold} cold on two cores)`, () => compile(program));
  };
  await madeOnce(program, "vault", make, report);
  return program;
}

async function compile(program: string): Promise<void> {
  const partial = `${program}-${randomUUID()}`;
  const source = `${partial}-source`;
  try {
    const modfile = await adaptedSource(source);
    const flags = [...goArguments(build), `-modfile=${modfile}`];
    await runOrFail("go", [...flags, "-o", partial, build.package], { cwd: directory, env });
  } finally {
    await rm(source, { recursive: true, force: true });
  }
  await rename(partial, program);
}

/**
 * Copies Vault's module and adapts it: Go compiles nothing in the place of a file of its module cache.
 *
 * @returns a `go.mod` that takes the copy
 * @throws Error if a text is not there, as in another version of Vault
 */
async function adaptedSource(folder: string): Promise<string> {
  await runOrFail("go", ["mod", "download", build.package], { cwd: directory, env });
  const original = await runOrFail("go", ["list", "-m", "-f", "{{.Dir}}", build.package], { cwd: directory, env });
  const copy = path.join(folder, "vault");
  await cp(original.trim(), copy, { recursive: true });
  // Go's module cache is read-only, folders too.
  await runOrFail("chmod", ["-R", "u+w", copy]);
  for (const { file, text, instead } of adaptations) {
    const target = path.join(copy, file);
    const source = await readFile(target, "utf8");
    if (source.split(text).length !== 2) throw new Error(`${file} of Vault is not as expected: see toolchain/vault.ts`);
    await writeFile(
      target,
      source.replace(text, () => instead),
    );
  }
  const modfile = path.join(folder, "go.mod");
  const requirements = await readFile(path.join(directory, "go.mod"), "utf8");
  await writeFile(modfile, `${requirements}\nreplace ${build.package} => ${copy}\n`);
  await copyFile(path.join(directory, "go.sum"), path.join(folder, "go.sum"));
  return modfile;
}
