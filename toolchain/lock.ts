import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { OperatorError } from "../cli/error.ts";
import { reportToTerminal, type Report } from "./progress.ts";

/** How long a taken lock is waited for in silence, in milliseconds. */
const patience = 500;

/**
 * Runs `work` while no other process holds the lock of that file. The kernel keeps the lock for a helper process whose
 * standard input is a pipe from this one: however this process ends, the pipe closes and the lock is free.
 *
 * @throws OperatorError when there is no `flock` command.
 */
export async function withLock<T>(file: string, work: () => Promise<T>, report: Report = reportToTerminal): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  const holder = spawn("flock", ["--exclusive", file, "sh", "-c", "echo locked; read -r _"], {
    stdio: ["pipe", "pipe", "ignore"],
    // A Ctrl-C is for this process: the lock must outlive its cleaning up.
    detached: true,
  });
  const ended = new Promise<void>((done) => holder.on("close", done));
  const waiting = setTimeout(() => {
    report(`waiting for another run of goimg-secrets to finish (${path.basename(file)})`);
  }, patience);
  try {
    await new Promise<void>((done, fail) => {
      holder.stdout.once("data", () => {
        done();
      });
      holder.on("error", () => {
        fail(new OperatorError("flock is not installed (Debian: apt-get install util-linux)"));
      });
      holder.on("exit", (code) => {
        fail(new OperatorError(`cannot lock ${file} (flock exited with code ${code ?? 1})`));
      });
    });
    clearTimeout(waiting);
    return await work();
  } finally {
    clearTimeout(waiting);
    holder.stdin.end();
    if (holder.pid !== undefined) await ended;
  }
}
