import path from "node:path";
import type { Release } from "./download.ts";
import { hashInputs } from "./hash.ts";
import { projectRoot } from "./paths.ts";
import { versions, type PluginName } from "./versions.ts";

/** One program that the toolchain installs under PULUMI_HOME. */
export interface Part {
  /** Name of the program's file. */
  readonly name: string;
  readonly version: string;
  /** Where it goes, relative to PULUMI_HOME. */
  readonly targets: readonly string[];
  /** Where its publisher puts it. */
  readonly release: Release;
  /** How it is built where that cannot be reached. */
  readonly build: GoBuild;
}

/** A build of one program from a Go module of this repository. */
export interface GoBuild {
  /** Folder below `toolchain/go`. */
  readonly module: string;
  /** Import path, or a path relative to the module. */
  readonly package: string;
  readonly tags?: string;
  /** Go variables to stamp, as `import/path.Name=value`. */
  readonly stamp?: string;
  /** How long it took on two cores with nothing cached, for the progress display. */
  readonly cold: string;
}

const cli: Release = {
  repository: "pulumi/pulumi",
  tag: `v${versions.pulumi}`,
  archive: `pulumi-v${versions.pulumi}-linux-${process.arch}.tar.gz`,
  checksums: `pulumi-${versions.pulumi}-checksums.txt`,
};

/** Go's and the releases' name of this machine's architecture. */
const goArchitecture = process.arch === "x64" ? "amd64" : process.arch;

function cliPart(name: string, build: GoBuild): Part {
  return {
    name,
    version: versions.pulumi,
    // The second is where the npm package `pulumi` and the Automation API look.
    targets: [path.join("bin", name), path.join("versions", versions.pulumi, "bin", name)],
    release: cli,
    build,
  };
}

function plugin(name: PluginName, build: Omit<GoBuild, "package">): Part {
  const version = versions.plugins[name];
  const program = `pulumi-resource-${name}`;
  return {
    name: program,
    version,
    targets: [path.join("plugins", `resource-${name}-v${version}`, program)],
    release: {
      repository: `pulumi/pulumi-${name}`,
      tag: `v${version}`,
      archive: `${program}-v${version}-linux-${goArchitecture}.tar.gz`,
      checksums: `pulumi-${name}_${version}_checksums.txt`,
    },
    build: { ...build, package: `./cmd/${program}` },
  };
}

/** Every program, those that take longest first: builds run side by side. */
export const parts: readonly Part[] = [
  cliPart("pulumi", {
    module: "pulumi",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    stamp: `github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${versions.pulumi}`,
    cold: "3m42s",
  }),
  plugin("docker", { module: "provider-docker", tags: "no_compose", cold: "1m44s" }),
  plugin("random", { module: "providers", cold: "1m03s" }),
  plugin("tls", { module: "providers", cold: "10s" }),
  cliPart("pulumi-language-nodejs", {
    module: "language-nodejs",
    package: ".",
    stamp: `main.version=${versions.pulumi}`,
    cold: "17s",
  }),
];

/** Arguments of `go` for a build, but for the output. */
export function goArguments(build: GoBuild): string[] {
  const stamp = build.stamp === undefined ? "" : ` -X ${build.stamp}`;
  const tags = build.tags === undefined ? [] : [`-tags=${build.tags}`];
  return ["build", "-trimpath", "-buildvcs=false", `-ldflags=-s -w${stamp}`, ...tags];
}

/** Hash of all that decides what a part is: the same key needs no new build. */
export function partKey(part: Part): string {
  const { name, version, build } = part;
  const extra = [name, version, process.platform, process.arch, build.package, ...goArguments(build)];
  return hashInputs(projectRoot, [path.join("toolchain", "go", build.module)], extra).slice(0, 16);
}
