import { spawn } from "node:child_process";
import { OperatorError } from "./error.ts";
import { CheckpointKeeper } from "./recovery/checkpoint.ts";
import { projectName } from "./recovery/project.ts";

/** How a pulumi command is run. `env` has the toolchain's PATH, backend and passphrase file. */
export interface PulumiOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Settings of this process that it must not have. */
  readonly unset?: readonly string[];
  readonly cwd: string;
  /** `inherit` shows the command's output as it comes; `capture` answers it. */
  readonly output: "inherit" | "capture";
}

/** What a captured command printed. */
export interface PulumiResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/**
 * Runs pulumi without a shell. Ctrl-C reaches it through the terminal's process group, and it finishes the resource that it
 * is working on; a second one makes it stop at once.
 */
export async function pulumi(args: readonly string[], options: PulumiOptions): Promise<PulumiResult> {
  const keeper = keeps.has(args[0] ?? "") ? await keeperFor(args, options) : undefined;
  const inherited = Object.entries(process.env).filter(([name]) => options.unset?.includes(name) !== true);
  const child = spawn("pulumi", [...args, "--non-interactive"], {
    cwd: options.cwd,
    env: { ...Object.fromEntries(inherited), ...options.env },
    stdio: options.output === "inherit" ? "inherit" : ["ignore", "pipe", "pipe"],
  });
  const ignore = (): void => undefined;
  process.on("SIGINT", ignore);
  try {
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    const exitCode = await new Promise<number>((done, fail) => {
      child.on("error", fail);
      child.on("close", (code, signal) => {
        done(code ?? (signal === null ? 1 : 130));
      });
      // It would try again for minutes, and break what is left of the state with each try.
      void keeper?.broken.then(() => child.kill("SIGKILL"));
    });
    if (keeper?.close() !== true) return { stdout: stdout(), stderr: stderr(), exitCode };
    if (options.output === "inherit") process.stderr.write(fullDisk);
    return { stdout: stdout(), stderr: stderr() + fullDisk, exitCode: 1 };
  } finally {
    process.off("SIGINT", ignore);
  }
}

/** Commands that write the state again and again. */
const keeps = new Set(["up", "destroy", "refresh", "import"]);

const fullDisk =
  "error: no space left on device for Pulumi's state: its last complete version is kept; make room, and run this again\n";

async function keeperFor(args: readonly string[], { env, cwd }: PulumiOptions): Promise<CheckpointKeeper | undefined> {
  const stack = args[args.indexOf("--stack") + 1];
  const backend = env["PULUMI_BACKEND_URL"] ?? process.env["PULUMI_BACKEND_URL"];
  if (!args.includes("--stack") || stack === undefined || backend === undefined) return undefined;
  return CheckpointKeeper.open({ backend, project: await projectName(cwd), stack });
}

/** As {@link pulumi}, but a failure is an error with what pulumi said. */
export async function pulumiOrFail(args: readonly string[], options: PulumiOptions): Promise<PulumiResult> {
  const result = await pulumi(args, options);
  if (result.exitCode !== 0) {
    const said = result.stderr.trim() || result.stdout.trim();
    throw new OperatorError(`pulumi ${args.slice(0, 2).join(" ")} failed${said === "" ? "" : `:\n${said}`}`);
  }
  return result;
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString("utf8");
}
