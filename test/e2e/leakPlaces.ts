/** Every place that a value could leak to, each read as bytes. */
import { execFile } from "node:child_process";
import { createReadStream, type Dirent } from "node:fs";
import { lstat, readdir, readFile, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { text, type Read } from "../../cli/leaks/docker.ts";
import { daemonPaths } from "../../toolchain/daemon.ts";
import { cacheDirectory, pulumiHome } from "../../toolchain/paths.ts";
import { repository, type Project } from "./project.ts";

/**
 * Command lines and environments of every process of the machine. None is left out, not even this one: the tests hold values
 * in memory alone.
 */
export async function* processes(): AsyncGenerator<Read> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    for (const file of ["cmdline", "environ"]) {
      const content = await readFile(`/proc/${pid}/${file}`).catch(() => Buffer.alloc(0));
      if (content.length > 0) yield { name: `/proc/${pid}/${file}`, pieces: [content] };
    }
  }
}

/** How files are chosen. */
interface Choice {
  /** Changed at this time or later, in milliseconds since 1970. @default all */
  readonly since?: number;
  /** Names of files and folders that are passed over. */
  readonly except?: RegExp;
  /** Largest file, in bytes. @default 64 MiB */
  readonly most?: number;
}

/** Memory, where secrets are mounted: the one place of files where a value may be. */
const tmpfs = 0x01021994;

/** The files below a folder. Links are not followed, other file systems in memory not entered. */
export async function* files(folder: string, choice: Choice = {}): AsyncGenerator<Read> {
  const { since = 0, except, most = 64 * 1024 * 1024 } = choice;
  const entries: readonly Dirent[] = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const file = path.join(folder, entry.name);
    if (except?.test(file) === true) continue;
    if (entry.isDirectory()) {
      if (!(await isMemory(file, folder))) yield* files(file, choice);
    } else if (entry.isFile()) {
      const found = await lstat(file).catch(() => undefined);
      if (found === undefined || found.size === 0 || found.size > most) continue;
      if (Math.max(found.mtimeMs, found.ctimeMs) >= since) yield { name: file, pieces: readable(file) };
    }
  }
}

async function isMemory(folder: string, parent: string): Promise<boolean> {
  const [here, above] = await Promise.all([folder, parent].map((one) => statfs(one).catch(() => undefined)));
  return here?.type === tmpfs && above?.type !== tmpfs;
}

/** A file that is gone, or that nobody may read, holds nothing that could leak from it. */
async function* readable(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of createReadStream(file)) yield piece as Uint8Array;
  } catch {
    return;
  }
}

/** Pulumi's state: checkpoints, their backups, history; and the stack's config. */
export async function* state(project: Project): AsyncGenerator<Read> {
  yield* files(project.state);
  for (const folder of [project.place.directory, repository]) {
    for (const name of (await readdir(folder)).filter((one) => /^Pulumi.*\.yaml$/.test(one))) {
      yield { name: path.join(folder, name), pieces: readable(path.join(folder, name)) };
    }
  }
}

/** The ways of asking pulumi for everything that it tells, without `--show-secrets`. */
export const commands: readonly (readonly string[])[] = [
  ["preview", "--diff", "--show-sames", "--show-config"],
  ["preview", "--json"],
  ["preview", "--logtostderr", "-v=11"],
  ["up", "--yes", "--skip-preview", "--debug", "--logtostderr", "-v=9"],
  ["preview", "--logtostderr", "--logflow", "-v=4"],
  ["refresh", "--yes", "--skip-preview", "--logtostderr", "-v=9"],
  ["stack", "--show-urns", "--show-ids"],
  ["stack", "output", "--json"],
  ["stack", "export"],
  ["stack", "history", "--json"],
  ["stack", "graph", "/dev/stdout"],
  ["config", "--json"],
];

/** What pulumi prints. */
export async function* pulumiOutput(project: Project, asked = commands): AsyncGenerator<Read> {
  for (const command of asked) {
    const { stdout, stderr } = await project.pulumi(...command);
    yield text(`pulumi ${command.join(" ")}`, stdout + stderr);
  }
}

/** Pulumi's own folder but for its programs, and what node keeps of compiled code. */
export async function* caches(): AsyncGenerator<Read> {
  yield* files(pulumiHome(), { except: /\/(bin|plugins|versions)$/ });
  yield* files(process.env["NODE_COMPILE_CACHE"] ?? path.join(cacheDirectory(), "node"));
}

const run = promisify(execFile);

/** Every file of the repository, committed or not, that git does not ignore. */
export async function* workTree(root: string = repository): AsyncGenerator<Read> {
  const list = ["-C", root, "ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const listed = await run("git", list, { maxBuffer: 64 * 1024 * 1024 });
  for (const name of listed.stdout.split("\0").filter((one) => one !== "")) {
    yield { name: path.join(root, name), pieces: readable(path.join(root, name)) };
  }
}

/** Temporary folders: what was written since the stack began to come up. */
export async function* temporary(since: number): AsyncGenerator<Read> {
  for (const folder of new Set([tmpdir(), "/tmp", "/var/tmp"])) yield* files(folder, { since });
}

/**
 * What the Docker Engine keeps on disk: its log, the Swarm's Raft log, containers with their logs, volumes (PostgreSQL, Redis
 * and S3 among them). Images and layers are read-only and older than the values.
 */
export async function* engineData(docker: Docker): AsyncGenerator<Read> {
  const { log, directory } = daemonPaths("test");
  const { DockerRootDir: dataRoot } = (await docker.info()) as { readonly DockerRootDir: string };
  yield { name: log, pieces: readable(log) };
  for (const folder of ["swarm", "containers", "volumes", "network", "plugins"])
    yield* files(path.join(dataRoot, folder));
  yield* files(directory, { except: /\.sock$/ });
}
