import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";

/** Environment variable that marks every process of a run, down to the last grandchild, with the run that it belongs to. */
export const runMark = "GOIMG_TEST_RUN";

/** How a child of the run is started. */
export interface ChildOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Takes standard output as it comes; it goes to the terminal when left out. */
  readonly onOutput?: (text: string) => void;
}

/** A child in a process group of its own, so that an interruption reaches it when the run says so, and whole. */
export interface Child {
  readonly ended: Promise<number>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a child. Its end answers the exit code; 127 when there is no such command. */
export function startChild(command: string, args: readonly string[], options: ChildOptions): Child {
  const { cwd, onOutput } = options;
  const child = spawn(command, args, {
    cwd,
    env: { ...options.env, [runMark]: mark() },
    stdio: ["ignore", onOutput === undefined ? "inherit" : "pipe", "inherit"],
    detached: true,
  });
  child.stdout?.setEncoding("utf8").on("data", (text: string) => onOutput?.(text));
  const ended = new Promise<number>((done) => {
    child.on("error", () => {
      process.stderr.write(`${command} can't be started\n`);
      done(127);
    });
    child.on("close", (code) => {
      done(code ?? 1);
    });
  });
  return {
    ended,
    kill(signal) {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, signal);
      } catch {
        // It has ended.
      }
    },
  };
}

const mark = (): string => String(process.pid);

/**
 * Ends what runs that were killed have left running: processes with the mark of a run that is no more. Those of a run
 * that is alive, and everything without a mark, are left alone. Answers how many.
 */
export async function endLeftovers(): Promise<number> {
  let ended = 0;
  for (const pid of (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    const owner = environment.split("\0").find((entry) => entry.startsWith(`${runMark}=`));
    if (owner === undefined || (await isRun(owner.slice(runMark.length + 1)))) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
      ended += 1;
    } catch {
      // It has ended by itself.
    }
  }
  return ended;
}

async function isRun(pid: string): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
  return command.includes("test/run.ts");
}
