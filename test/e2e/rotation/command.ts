import { spawn, type ChildProcess } from "node:child_process";
import path from "node:path";
import { repository, type Project } from "../project.ts";

/** How a command ended. */
export interface CommandResult {
  /** -1 when a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is running. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<CommandResult>;
  /** Resolves with the line once standard error has one that matches; undefined when the command ends without it. */
  readonly said: (pattern: RegExp) => Promise<string | undefined>;
}

/** Starts `goimg-secrets` on the stack, as an operator does. `input` is its standard input. */
export function start(project: Project, args: readonly string[], input?: string): Running {
  const { env, directory } = project.place;
  const child = spawn(process.execPath, [path.join(repository, "cli/main.ts"), ...args, "--stack", project.stack], {
    cwd: directory,
    env: { ...process.env, ...env, GOIMG_PROJECT: directory, GOIMG_AUDIT: path.join(directory, "audit") },
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  child.stdin?.end(input);
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    for (const listener of listeners) listener();
  });
  let over = false;
  const ended = new Promise<CommandResult>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      over = true;
      for (const listener of listeners) listener();
      done({ exitCode: code ?? -1, stdout, stderr });
    });
  });
  const said = (pattern: RegExp): Promise<string | undefined> =>
    new Promise((done) => {
      const look = (): void => {
        const line = stderr.split("\n").find((text) => pattern.test(text));
        if (line === undefined && !over) return;
        listeners.delete(look);
        done(line);
      };
      listeners.add(look);
      look();
    });
  return { child, ended, said };
}

/** Runs `goimg-secrets` on the stack to its end. */
export async function goimg(project: Project, args: readonly string[], input?: string): Promise<CommandResult> {
  return start(project, args, input).ended;
}

/** No pause of a rotation is longer than it has to be. */
export const noPauses = ["--grace", "0s", "--jwks-cache", "0s", "--token-lifetime", "0s"] as const;

/** Services that the engine's events say were changed, from what the command shows of them. */
export function servicesTouched({ stderr }: CommandResult): readonly string[] {
  const names = [...stderr.matchAll(/^ +(?:create|update|replace|delete)\S* Service (\S+)/gm)].map(
    ([, name = ""]) => name,
  );
  return [...new Set(names)].sort();
}
