import { spawn, type StdioOptions } from "node:child_process";
import { access, constants } from "node:fs/promises";
import path from "node:path";
import { OperatorError } from "../cli/error.ts";

/** Where and with what a command runs. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Written to the command's standard input. */
  readonly input?: string;
}

/** What a command answered. */
export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command without a shell and answers what it printed, whatever its exit code; 127 when there is no such command. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const stdio: StdioOptions = [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"];
  const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env, stdio });
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout?.on("data", (chunk: Buffer) => output.stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.stderr.push(chunk));
  child.stdin?.end(options.input);
  const exitCode = await new Promise<number>((done, fail) => {
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") done(127);
      else fail(error);
    });
    child.on("close", (code) => {
      done(code ?? 1);
    });
  });
  return {
    exitCode,
    stdout: Buffer.concat(output.stdout).toString("utf8"),
    stderr: Buffer.concat(output.stderr).toString("utf8"),
  };
}

/**
 * As {@link run}, but a failure is an error with the last lines that the command printed.
 *
 * @throws OperatorError
 */
export async function runOrFail(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(command, args, options);
  if (result.exitCode === 127 && result.stderr === "")
    throw new OperatorError(`${command} is not installed, or not on the PATH`);
  if (result.exitCode !== 0) {
    const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-20).join("\n");
    throw new OperatorError(`${[command, ...args].join(" ")} failed (exit code ${result.exitCode}):\n${said}`);
  }
  return result.stdout;
}

/** True when this process is root, or asks sudo to be. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** A command and its arguments as root runs them. */
export function asRoot(command: string, args: readonly string[]): [string, string[]] {
  return isRoot() ? [command, [...args]] : ["sudo", ["--", command, ...args]];
}

/** Runs a command as root. @throws OperatorError */
export async function runAsRoot(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return runOrFail(...asRoot(command, args), options);
}

/** Directories of system commands, which the PATH of a user often lacks. */
const systemPath = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Absolute path of a command, or undefined. */
export async function findCommand(name: string): Promise<string | undefined> {
  for (const directory of [...(process.env["PATH"] ?? "").split(path.delimiter), ...systemPath]) {
    const candidate = path.join(directory, name);
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not here: the next directory.
    }
  }
  return undefined;
}
