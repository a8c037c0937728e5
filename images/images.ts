/**
 * The images of the dev stack: what each is made of, and how its build context is put together. The toolchain hashes
 * `inputs`, and builds the context with an ordinary `docker build` when there is no image of that hash yet.
 */
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { arch } from "node:process";
import { fileURLToPath } from "node:url";
import { basename, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The repository's root, absolute. Every other path here is relative to it. */
const root = fileURLToPath(new URL("..", import.meta.url));
const at = (path: string): string => join(root, path);

/** One image. */
export interface ImageSpec {
  /** What it is, in a line for a progress display. */
  readonly description: string;
  /** Image that its Dockerfile is built FROM. */
  readonly base: string;
  /** Files and folders, relative to the repository's root, whose content decides what the image holds. */
  readonly inputs: readonly string[];
  /**
   * Fills an empty folder with the build context, Dockerfile included. The same inputs give the same bytes and modes.
   *
   * @throws when Go or the bundler fails; the message is theirs.
   */
  readonly prepare: (contextDir: string) => Promise<void>;
}

/** Node for the image: the same architecture as this machine's, from the package that pins it. */
const nodeBinary = `node_modules/node-linux-${arch}/bin/node`;
/** What every program of `images/go` is compiled from, and what each adds to it. */
const goInputs = ["images/go/go.mod", "images/go/go.sum", "runtime/go", "images/go/internal/job"];
const goPrograms = {
  "goimg-job": ["cmd/goimg-job", "internal/check", "internal/pgroles", "internal/redisacl", "internal/proxy"],
  "goimg-s3": ["cmd/goimg-s3", "internal/objects"],
  "goimg-backup": ["cmd/goimg-backup", "internal/dump"],
  "goimg-grafana": ["cmd/goimg-grafana", "internal/grafana"],
} as const;
type GoProgram = keyof typeof goPrograms;
/** Dependencies of the bundled programs, and Node itself, are pinned by the lockfile. */
const bundleInputs = ["images/app", "components/observability", "runtime", "package-lock.json"];
const programs = ["api", "worker", "db-migrate", "metrics"];

async function copy(contextDir: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const target = join(contextDir, basename(file));
    await copyFile(at(file), target);
    await chmod(target, /(\.sh|\/node)$/.test(file) ? 0o755 : 0o644);
  }
}

const compiled = new Map<GoProgram, Promise<Buffer>>();

/**
 * A program of `images/go`, static and without paths of this machine. Compiled once for all images that are prepared side by
 * side: each would compile the same packages again before Go's cache has them.
 */
function compile(program: GoProgram): Promise<Buffer> {
  const known = compiled.get(program) ?? goBuild(program);
  compiled.set(program, known);
  return known;
}

async function goBuild(program: GoProgram): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "goimg-build-"));
  try {
    const target = join(folder, program);
    const flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="];
    await run("go", ["build", ...flags, "-o", target, `./cmd/${program}`], {
      cwd: at("images/go"),
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" },
    });
    return await readFile(target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function put(contextDir: string, program: GoProgram): Promise<void> {
  const target = join(contextDir, program);
  await writeFile(target, await compile(program));
  await chmod(target, 0o755);
}

/** One file a program, with all of its dependencies. */
async function bundle(contextDir: string): Promise<void> {
  // Loaded when it is used: a Pulumi program asks for the images' inputs alone.
  const { build } = await import("esbuild");
  await mkdir(join(contextDir, "programs"));
  await build({
    absWorkingDir: root,
    entryPoints: programs.map((program) => `images/app/src/${program}.ts`),
    outdir: join(contextDir, "programs"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    // Optional native parts that these packages try and do without.
    external: ["pg-native", "@aws-sdk/signature-v4-crt", "aws-crt"],
    // Packages in CommonJS call require() for Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    legalComments: "none",
    logLevel: "error",
  });
}

interface Parts {
  readonly description: string;
  readonly files?: readonly string[];
  readonly go: readonly GoProgram[];
  readonly bundles?: boolean;
}

function image(name: string, { description, files = [], go, bundles = false }: Parts): ImageSpec {
  return {
    description,
    base: "debian:bookworm-slim",
    inputs: [
      "images/images.ts",
      `images/${name}`,
      ...goInputs,
      ...go.flatMap((program) => goPrograms[program].map((folder) => `images/go/${folder}`)),
      ...(bundles ? bundleInputs : []),
    ].sort(),
    async prepare(contextDir) {
      await copy(contextDir, [`images/${name}/Dockerfile`, ...files.map((file) => `images/${name}/${file}`)]);
      for (const program of go) await put(contextDir, program);
      if (bundles) {
        await copy(contextDir, [nodeBinary]);
        await bundle(contextDir);
      }
    },
  };
}

/** Every image by its name, which is what services call it by. */
export const images: Readonly<Record<string, ImageSpec>> = {
  app: image("app", {
    description: "sample API, worker, migration and the exporter of metrics (Node)",
    files: ["entrypoint.sh"],
    go: ["goimg-job"],
    bundles: true,
  }),
  postgres: image("postgres", {
    description: "PostgreSQL 15, its roles job and its backups",
    files: ["entrypoint.sh", "postgresql.conf", "pg_hba.conf"],
    go: ["goimg-job", "goimg-backup"],
  }),
  redis: image("redis", { description: "Redis 7 and its users job", files: ["redis.conf"], go: ["goimg-job"] }),
  s3: image("s3", { description: "S3 storage (versitygw)", go: ["goimg-job", "goimg-s3"] }),
  grafana: image("grafana", {
    description: "stand-in for Grafana, where its image can't be pulled",
    go: ["goimg-job", "goimg-grafana"],
  }),
  gateway: image("gateway", {
    description: "gateway and ingress (HAProxy)",
    files: ["haproxy.cfg", "gateway.cfg", "ingress.cfg"],
    go: ["goimg-job"],
  }),
};
