import { readFile } from "node:fs/promises";
import path from "node:path";
import { OperatorError } from "../error.ts";
import { pulumiOrFail } from "../pulumi.ts";
import type { BackedUp } from "./archive.ts";

/** The stack that is backed up, and how pulumi is run for it. */
export interface BackupSource {
  readonly cwd: string;
  readonly stack: string;
  readonly env: Readonly<Record<string, string>>;
  readonly auditFile: string;
}

/** A rotation may edit the config between two reads. */
const attempts = 5;

/**
 * Everything that the stack needs on another machine. State and config are of one moment: they are read again until the
 * config is the same before and after the state. Nothing of it touches a disk on the way.
 *
 * @throws OperatorError if something can't be read
 */
export async function collect(source: BackupSource): Promise<readonly BackedUp[]> {
  const configFile = path.join(source.cwd, `Pulumi.${source.stack}.yaml`);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = await read(configFile);
    const state = await exportState(source);
    if (!before.equals(await read(configFile))) continue;
    const passphrase = await readPassphrase(source.env);
    const audit = await readFile(source.auditFile).catch(() => undefined);
    return [
      { name: "project.yaml", content: await read(path.join(source.cwd, "Pulumi.yaml")) },
      { name: "stack.yaml", content: before },
      { name: "state.json", content: state },
      ...(passphrase === undefined ? [] : [{ name: "passphrase", content: passphrase } as const]),
      ...(audit === undefined ? [] : [{ name: "audit.jsonl", content: audit } as const]),
    ];
  }
  throw new OperatorError("the stack's config changed all the time: wait for the update that runs, and try again");
}

/** The state as it is kept: its values are encrypted with the passphrase. */
async function exportState({ cwd, env, stack }: BackupSource): Promise<Buffer> {
  const { stdout } = await pulumiOrFail(["stack", "export", "--stack", stack], { cwd, env, output: "capture" });
  return Buffer.from(stdout);
}

/** What opens the state. Undefined where a cloud's key service does. */
async function readPassphrase(env: Readonly<Record<string, string>>): Promise<Buffer | undefined> {
  const file = env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  if (file !== undefined) return read(file);
  const own = process.env["PULUMI_CONFIG_PASSPHRASE"];
  return own === undefined ? undefined : Buffer.from(own);
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new OperatorError(`${file} can't be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
  }
}
