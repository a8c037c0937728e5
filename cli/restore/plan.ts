import { readFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { parse } from "yaml";
import type { Backup } from "../backup/archive.ts";
import { OperatorError } from "../error.ts";
import { pulumiOrFail } from "../pulumi.ts";

/** The machine that a backup is restored to. */
export interface RestoreTarget {
  /** Folder of Pulumi.yaml. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly passphraseFile: string | undefined;
  readonly auditFile: string;
}

/** What a restore does, and why it may not. */
export interface RestorePlan {
  readonly stack: string;
  readonly steps: readonly string[];
  readonly refusals: readonly string[];
}

const stateSchema = z.object({
  deployment: z.object({
    resources: z.array(z.unknown()).optional(),
    pending_operations: z.array(z.unknown()).optional(),
  }),
});

/**
 * What restoring a backup would do on this machine. Nothing is changed.
 *
 * @throws OperatorError if what the backup holds is no state or no config
 */
export async function planRestore(
  { header, files }: Backup,
  target: RestoreTarget,
  overwrite: boolean,
): Promise<RestorePlan> {
  const { stack } = header;
  const state = readState(files.get("state.json"));
  const resources = state.deployment.resources?.length ?? 0;
  const pending = state.deployment.pending_operations?.length ?? 0;
  const stacks = await stacksHere(target);
  const refusals = [
    ...(await projectProblems(header.project, target)),
    ...(await passphraseProblems(files.get("passphrase"), target, stacks)),
    ...(overwrite ? [] : await existing(header, files, target, stacks)),
  ];
  return {
    stack,
    steps: [
      `state of ${stack}: ${resources} resources${pending > 0 ? `, ${pending} of them under way: up mends them` : ""}`,
      `config Pulumi.${stack}.yaml: ${rotationsIn(files.get("stack.yaml"))}`,
      files.has("passphrase")
        ? "passphrase"
        : "no passphrase: the secrets provider of the stack has to be reached from here",
      files.has("audit.jsonl") ? "audit log" : "no audit log",
    ],
    refusals,
  };
}

function readState(content: Buffer | undefined): z.infer<typeof stateSchema> {
  try {
    return stateSchema.parse(JSON.parse(content?.toString("utf8") ?? ""));
  } catch {
    throw new OperatorError("the backup holds no state that pulumi could read");
  }
}

/** Which rotations are half done, by the declared generations. */
function rotationsIn(content: Buffer | undefined): string {
  const document = parse(content?.toString("utf8") ?? "") as { config?: Record<string, unknown> } | null;
  const declared = Object.entries(document?.config ?? {}).find(([key]) => key.endsWith(":generations"))?.[1];
  const parsed = z.record(z.string(), z.looseObject({ live: z.array(z.int()) })).safeParse(declared ?? {});
  const halfDone = Object.entries(parsed.data ?? {})
    .filter(([, { live }]) => live.length > 1)
    .map(([name]) => name);
  return halfDone.length === 0
    ? "no rotation is under way"
    : `the rotation of ${halfDone.join(", ")} is under way, and goes on`;
}

async function projectProblems(project: string, { cwd }: RestoreTarget): Promise<readonly string[]> {
  const text = await readFile(path.join(cwd, "Pulumi.yaml"), "utf8").catch(() => undefined);
  if (text === undefined) return [`${cwd} has no Pulumi.yaml: run this in a checkout of the project`];
  const { name } = parse(text) as { name?: string };
  return name === project ? [] : [`the backup is of the project ${project}, and this is ${name ?? "none"}`];
}

/** One that nothing here needs is replaced: any command makes one on a machine that has none. */
async function passphraseProblems(
  passphrase: Buffer | undefined,
  { passphraseFile }: RestoreTarget,
  stacks: readonly Stack[],
): Promise<readonly string[]> {
  if (passphrase === undefined) return [];
  if (passphraseFile === undefined)
    return ["PULUMI_CONFIG_PASSPHRASE is set here: unset it, the backup brings its own"];
  const present = await readFile(passphraseFile).catch(() => undefined);
  if (present === undefined || present.equals(passphrase) || stacks.length === 0) return [];
  return [
    `${passphraseFile} is another passphrase, which ${stacks.map(({ name }) => name).join(", ")} here may need: set PULUMI_CONFIG_PASSPHRASE_FILE to a file of this stack's own`,
  ];
}

interface Stack {
  readonly name: string;
  readonly resourceCount?: number;
}

/** Every stack of the backend, also those of other projects. */
async function stacksHere({ cwd, env }: RestoreTarget): Promise<readonly Stack[]> {
  const { stdout } = await pulumiOrFail(["stack", "ls", "--all", "--json"], { cwd, env, output: "capture" });
  return JSON.parse(stdout) as readonly Stack[];
}

/** What is here already and would be replaced. */
async function existing(
  { stack, project }: Backup["header"],
  files: Backup["files"],
  target: RestoreTarget,
  stacks: readonly Stack[],
): Promise<readonly string[]> {
  const problems: string[] = [];
  const same = [stack, `organization/${project}/${stack}`];
  if (stacks.some(({ name, resourceCount = 0 }) => same.includes(name) && resourceCount > 0))
    problems.push(`the stack ${stack} is here already, with resources: --overwrite replaces its state`);
  const audit = files.get("audit.jsonl");
  const present = await readFile(target.auditFile).catch(() => undefined);
  if (audit !== undefined && present !== undefined && !audit.subarray(0, present.length).equals(present))
    problems.push(
      `${target.auditFile} is another audit log: move it away, or --overwrite keeps it and leaves the backup's out`,
    );
  return problems;
}
