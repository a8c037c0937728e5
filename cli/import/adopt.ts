import { spawn } from "node:child_process";
import { OperatorError } from "../error.ts";
import type { Value } from "./find/value.ts";

/** Where values are adopted. */
export interface AdoptOptions {
  /** Folder of the Pulumi project. */
  readonly cwd: string;
  readonly stack: string;
  /** Settings of pulumi: backend, passphrase. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Puts values into a stack's encrypted config, as `adopted:ENTRY.g0`. Each goes to pulumi through its standard input: never
 * in an argument, a variable or a file. Safe to run again.
 *
 * @throws OperatorError naming the entry that could not be adopted
 */
export async function adopt(values: ReadonlyMap<string, Value>, options: AdoptOptions): Promise<void> {
  await pulumi(["stack", "select", "--create", options.stack], "", options, "the stack could not be made");
  for (const [entry, value] of values) {
    // A key of its own, and no path: under a path, pulumi makes a number of what looks like one.
    const args = ["config", "set", "--secret", "--raw", "--stack", options.stack];
    await pulumi([...args, adoptedKey(entry, 0)], value.reveal(), options, `${entry} could not be adopted`);
  }
}

/** The config key of a generation's adopted value. */
export function adoptedKey(entry: string, generation: number): string {
  return `adopted:${entry}.g${generation}`;
}

async function pulumi(
  args: readonly string[],
  input: string,
  { cwd, env }: AdoptOptions,
  failure: string,
): Promise<void> {
  const child = spawn("pulumi", [...args, "--non-interactive"], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "ignore", "pipe"],
  });
  const said: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk));
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", () => {
      reject(new OperatorError(`${failure}: pulumi is not installed; run make up once, or install it`));
    });
    child.once("close", (code) => {
      resolve(code ?? 1);
    });
  });
  // A pulumi that ends early does not read all of it: its exit code says why.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  if ((await ended) === 0) return;
  // What it says of a value's place is useful; of a value it says nothing, unless it quotes its input.
  const text = Buffer.concat(said).toString("utf8").trim();
  throw new OperatorError(`${failure}${input !== "" && text.includes(input.trim()) ? "" : `:\n${text}`}`);
}
