import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { eventually } from "./swarm.ts";

/** A server that a test started. */
export interface Server {
  /** Everything that it wrote. */
  output(): string;
  /** Ends it, and waits for its end. */
  stop(): Promise<void>;
}

/** What to start, and how it is told that it is up. */
export interface ServerArgs {
  /** How the error calls it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** @default this process' own */
  readonly env?: NodeJS.ProcessEnv;
  /** Asked until it answers true. One that rejects is not up. */
  readonly isUp: () => Promise<boolean>;
}

/** @throws Error with what it wrote, if it ends or does not come up */
export async function startServer({ name, command, args, env, isUp }: ServerArgs): Promise<Server> {
  const child: ChildProcess = spawn(command, args, { env: env ?? process.env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  const up = await eventually(
    () => isUp().catch(() => false),
    (answer) => answer || child.exitCode !== null,
  );
  if (!up) throw new Error(`${name} did not start:\n${output}`);
  return {
    output: () => output,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
