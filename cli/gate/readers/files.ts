/** The project's files, and everything that its git repositories ever had. */
import { execFile } from "node:child_process";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../../../toolchain/paths.ts";
import { searchHistory } from "../../import/history.ts";
import type { Read } from "../../leaks/docker.ts";
import { scanFile } from "../../scan/files.ts";
import { NotReadable } from "../control.ts";
import type { FactValues } from "../facts.ts";
import type { StackValues } from "./values.ts";

const run = promisify(execFile);
const most = 64 * 1024 * 1024;

/** Files that configure something; lock files hold hashes of packages, and nobody writes them. */
const config = /\.(?:ya?ml|json|env|properties)$|(?:^|\/)\.env[^/]*$|(?:^|\/)(?:Dockerfile|Containerfile)[^/]*$/;
const lock = /(?:^|\/)(?:package-lock|npm-shrinkwrap)\.json$/;
/** What configures no deployment: the tests' own input, made to hold what looks like secrets. */
const notDeployed = /(?:^|\/)(?:test|tests|node_modules)\//;

interface Folder {
  readonly root: string;
  readonly repository: boolean;
  readonly files: readonly string[];
}

/** Reads the config files, and searches all files for the stack's values. */
export async function readFiles(cwd: string, values: StackValues): Promise<FactValues["files"]> {
  const folders = await foldersOf(cwd);
  const named = folders.flatMap(({ root, files }) => files.map((name) => ({ root, name })));
  const configs = named.filter(({ name }) => config.test(name) && !lock.test(name) && !notDeployed.test(name));
  const scans = await Promise.all(configs.map(({ root, name }) => scanFile(path.join(root, name))));
  return {
    scanned: configs.map(({ name }) => name),
    findings: scans.flatMap(({ findings, errors }) => [
      ...findings.map(({ file, line, name, rule }) => `${file}:${line} has ${name} in the clear (${rule})`),
      ...errors.map(({ file, reason }) => `${file} could not be scanned: ${reason}`),
    ]),
    search: await values.search(reads(named.map(({ root, name }) => path.join(root, name)))),
  };
}

/** Searches the history of the project's repositories. @throws NotReadable where there is none */
export async function readHistory(cwd: string, values: StackValues): Promise<FactValues["history"]> {
  const folders = (await foldersOf(cwd)).filter(({ repository }) => repository);
  if (folders.length === 0) throw new NotReadable(`${cwd} is in no git repository: run the gate where the history is`);
  const secrets = values.forHistory();
  const results = await Promise.all(
    folders.map(async ({ root }) => ({
      root,
      commits: Number((await git(root, ["rev-list", "--all", "--count"])).trim()),
      found: await searchHistory(root, secrets),
    })),
  );
  const skipped = results.flatMap(({ found }) => found.unsearchable);
  if (skipped.length > 0) throw new NotReadable(`too short to be looked for: ${[...new Set(skipped)].join(", ")}`);
  return {
    repositories: results.map(({ root }) => root),
    commits: results.reduce((sum, { commits }) => sum + commits, 0),
    searched: [...secrets.keys()],
    seen: results.flatMap(({ found }) =>
      [...found.seen].map(
        ([name, { object, commit, path: file }]) =>
          `git has ${name} (${file ?? object.slice(0, 12)}${commit === undefined ? "" : ` in ${commit.slice(0, 12)}`})`,
      ),
    ),
  };
}

/** The operator's folder, and this package when that is elsewhere. */
async function foldersOf(cwd: string): Promise<readonly Folder[]> {
  const roots = [...new Set(await Promise.all([cwd, projectRoot].map((folder) => realpath(folder))))];
  return Promise.all(roots.map(folderOf));
}

async function folderOf(root: string): Promise<Folder> {
  try {
    const listed = await git(root, ["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
    return { root, repository: true, files: listed.split("\0").filter((name) => name !== "") };
  } catch {
    const files = await readdir(root, { withFileTypes: true });
    return { root, repository: false, files: files.filter((file) => file.isFile()).map(({ name }) => name) };
  }
}

async function git(root: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run("git", ["-C", root, ...args], { maxBuffer: most });
  return stdout;
}

/** Files as they are read; one that is gone holds nothing. */
export async function* reads(files: Iterable<string>): AsyncGenerator<Read> {
  for (const file of files) {
    const info = await stat(file).catch(() => undefined);
    if (info?.isFile() !== true || info.size > most) continue;
    const content = await readFile(file).catch(() => undefined);
    if (content !== undefined) yield { name: file, pieces: [content] };
  }
}
