import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { chmod, link, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { OperatorError } from "../cli/error.ts";
import { download } from "./download.ts";
import { withLock } from "./lock.ts";
import { goArguments, partKey, parts, type Part } from "./parts.ts";
import { cacheDirectory, projectRoot, pulumiHome } from "./paths.ts";
import { engineProblems, goProblems, joinProblems } from "./preflight.ts";
import { runOrFail } from "./process.ts";
import { reportToTerminal, step, type Report } from "./progress.ts";

/** How the installer behaves; all of it has defaults. */
export interface InstallOptions {
  readonly report?: Report;
  /** Address of the publishers' releases. @default "https://github.com" */
  readonly releases?: string;
}

/** How many programs are got at a time: the last step of a build, linking, uses one core. */
const sideBySide = 2;

/**
 * Installs Pulumi's CLI, its language host and the plugins under PULUMI_HOME: downloads where the publishers can be reached,
 * builds elsewhere. Does nothing when all is there. Safe to interrupt and to run twice at once.
 *
 * @throws OperatorError that lists everything this machine lacks.
 */
export async function install({ report = reportToTerminal, releases }: InstallOptions = {}): Promise<void> {
  if (missingParts().length === 0) return;
  await withLock(
    path.join(cacheDirectory(), "install.lock"),
    async () => {
      await removeLeftovers();
      for (const part of missingParts()) {
        if (existsSync(storedProgram(part))) await place(part, storedProgram(part));
      }
      const missing = missingParts();
      if (missing.length === 0) return;
      const obtained = await downloadAll(missing, report, releases);
      const left = missing.filter((part) => !obtained.has(part));
      if (left.length > 0) {
        joinProblems([...(await goProblems()), ...(await engineProblems())]);
        await buildAll(left, missing.length, report);
      }
    },
    report,
  );
}

/** The parts whose installed program is not the one that this repository asks for. */
export function missingParts(): readonly Part[] {
  return parts.filter((part) => {
    const installed = part.targets.every((target) => existsSync(path.join(pulumiHome(), target)));
    return !installed || installedKey(part) !== partKey(part);
  });
}

function keyFile(part: Part): string {
  return path.join(cacheDirectory(), "installed", part.name);
}

function installedKey(part: Part): string | undefined {
  try {
    return readFileSync(keyFile(part), "utf8");
  } catch {
    return undefined;
  }
}

function workDirectory(): string {
  return path.join(cacheDirectory(), "installing");
}

/** Where a part's program is kept by what it was made of, so that going from one branch to another and back builds nothing twice. */
function storedProgram(part: Part): string {
  return path.join(cacheDirectory(), "parts", part.name, partKey(part));
}

/** What an interrupted run left. The lock is held: nobody else uses it. */
async function removeLeftovers(): Promise<void> {
  await rm(workDirectory(), { recursive: true, force: true });
  await mkdir(workDirectory(), { recursive: true });
}

async function downloadAll(missing: readonly Part[], report: Report, releases?: string): Promise<ReadonlySet<Part>> {
  const byArchive = Map.groupBy(missing, (part) => part.release.archive);
  const obtained = new Set<Part>();
  await Promise.all(
    [...byArchive.values()].map(async (group) => {
      const [first] = group;
      if (first === undefined) return;
      const directory = path.join(workDirectory(), randomUUID());
      if (!(await download(first.release, directory, releases))) return;
      for (const part of group) {
        const program = await findProgram(directory, part.name);
        if (program === undefined) continue;
        await keep(part, program);
        obtained.add(part);
        report(`${part.name} ${part.version}: downloaded`);
      }
    }),
  );
  if (obtained.size < missing.length) {
    report(
      "official downloads are not all reachable: building the rest from Go modules, which takes some minutes the first time",
    );
  }
  return obtained;
}

async function findProgram(directory: string, name: string): Promise<string | undefined> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const found = entries.find((entry) => entry.isFile() && entry.name === name);
  return found && path.join(found.parentPath, found.name);
}

async function buildAll(left: readonly Part[], total: number, report: Report): Promise<void> {
  const queue = [...left];
  let started = total - left.length;
  const worker = async (): Promise<void> => {
    for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
      started += 1;
      await build(part, `[${started}/${total}]`, report);
    }
  };
  const results = await Promise.allSettled(Array.from({ length: sideBySide }, worker));
  const failures = results.filter((result) => result.status === "rejected").map(({ reason }) => String(reason));
  if (failures.length > 0) throw new OperatorError(failures.join("\n"));
}

async function build(part: Part, position: string, report: Report): Promise<void> {
  const program = path.join(workDirectory(), `${part.name}-${randomUUID()}`);
  const title = `${position} ${part.name} ${part.version}: building (${part.build.cold} cold on two cores)`;
  await step(report, title, async () => {
    await runOrFail("go", [...goArguments(part.build), "-o", program, part.build.package], {
      cwd: path.join(projectRoot, "toolchain", "go", part.build.module),
      // Static, so that no C compiler is needed; the module's own pins, whatever the user's workspace says.
      env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-mod=readonly" },
    });
    await keep(part, program);
  });
}

/** How many programs of a part are kept: today's, and those of the last branches. */
const kept = 3;

/** Puts a new program into the store and from there in place. */
async function keep(part: Part, program: string): Promise<void> {
  const stored = storedProgram(part);
  const store = path.dirname(stored);
  await mkdir(store, { recursive: true });
  await chmod(program, 0o755);
  await rename(program, stored);
  await place(part, stored);
  const byAge = (await readdir(store))
    .map((name) => ({ name, made: statSync(path.join(store, name)).mtimeMs }))
    .sort((a, b) => b.made - a.made);
  for (const { name } of byAge.slice(kept)) await rm(path.join(store, name));
}

/** Puts a program at all of its places, each in one step, and then says which one it is. */
async function place(part: Part, program: string): Promise<void> {
  for (const target of part.targets) {
    const destination = path.join(pulumiHome(), target);
    await mkdir(path.dirname(destination), { recursive: true });
    const temporary = `${destination}.${randomUUID()}`;
    await link(program, temporary);
    await rename(temporary, destination);
  }
  await mkdir(path.dirname(keyFile(part)), { recursive: true });
  const temporary = `${keyFile(part)}.${randomUUID()}`;
  await writeFile(temporary, partKey(part));
  await rename(temporary, keyFile(part));
}
