import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { OperatorError } from "../cli/error.ts";
import { hashInputs } from "./hash.ts";
import { madeOnce } from "./madeOnce.ts";
import { cacheDirectory, projectRoot } from "./paths.ts";
import { findCommand, runOrFail } from "./process.ts";
import { reportToTerminal, step, type Report } from "./progress.ts";

const requirements = path.join("toolchain", "moto.txt");

/**
 * Path of Python in an environment with `moto`, a server of AWS' APIs, made when it is not in the cache: nothing but tests needs it.
 *
 * @throws OperatorError when Python is missing or has no `venv`
 */
export async function motoPython(report: Report = reportToTerminal): Promise<string> {
  const python = await findCommand("python3");
  if (python === undefined) throw new OperatorError("the tests of AWS need Python: apt-get install python3-venv");
  const version = await runOrFail(python, ["--version"]);
  const key = hashInputs(projectRoot, [requirements], [process.platform, process.arch, version]).slice(0, 16);
  const directory = path.join(cacheDirectory(), "parts", "moto", key);
  const program = path.join(directory, "bin", "python");
  const finished = path.join(directory, "finished");
  const install = async (): Promise<void> => {
    await rm(path.dirname(directory), { recursive: true, force: true });
    await mkdir(path.dirname(directory), { recursive: true });
    await step(report, "moto, for tests: installing from PyPI", () => make(python, directory, finished));
  };
  await madeOnce(finished, "moto", install, report);
  return program;
}

async function make(python: string, directory: string, finished: string): Promise<void> {
  await runOrFail(python, ["-m", "venv", directory]).catch(() => {
    throw new OperatorError("python3 -m venv does not work: apt-get install python3-venv");
  });
  // Wheels alone, so that nothing is compiled or run while it is installed; no resolving, as all of it is listed.
  const flags = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--no-deps", "--requirement"];
  const pip = path.join(directory, "bin", "python");
  await runOrFail(pip, ["-m", "pip", "install", ...flags, path.join(projectRoot, requirements)]);
  // An environment can't be moved; so what says that it is whole comes last.
  await writeFile(finished, "");
}
