import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { secretSpecs, type SecretName } from "../../components/catalog/grants.ts";
import { run, runOrFail } from "../../toolchain/process.ts";
import { OperatorError } from "../error.ts";
import type { StackContext } from "../stack.ts";
import type { EntryValues } from "./providers/provider.ts";

/** Third-party values live in the stack's config, encrypted: this is the only place that puts them there or takes them out. */

const key = "goimg-secrets:external";
const pathOf = (entry: string, generation: number): string => `${key}.${entry}["${generation}"]`;
const entriesOf = (secret: SecretName): readonly string[] => Object.keys(secretSpecs[secret].entries);

/** Generations of a secret with a value in the config, by entry: which there are can be seen without decrypting any. */
type Supplied = ReadonlyMap<string, readonly number[]>;

/**
 * Reads which third-party values a stack's config holds.
 *
 * @returns for each external secret with a value, the generations for which every entry has one
 */
export async function readSupplied(configFile: string): Promise<ReadonlyMap<SecretName, readonly number[]>> {
  const byEntry = await suppliedEntries(configFile);
  return new Map(
    (Object.keys(secretSpecs) as SecretName[])
      .filter((secret) => secretSpecs[secret].kind === "external")
      .map((secret) => {
        const [first = [], ...others] = entriesOf(secret).map((entry) => byEntry.get(entry) ?? []);
        return [secret, first.filter((generation) => others.every((other) => other.includes(generation)))];
      }),
  );
}

/** The value of one generation, decrypted; entries without one are left out. */
export async function loadValues(context: StackContext, secret: SecretName, generation: number): Promise<EntryValues> {
  const byEntry = await suppliedEntries(context.configFile);
  const present = entriesOf(secret).filter((entry) => byEntry.get(entry)?.includes(generation));
  const pairs = await Promise.all(
    present.map(async (entry) => {
      const { exitCode, stdout } = await run(
        "pulumi",
        ["config", "get", "--path", pathOf(entry, generation), ...stackOf(context)],
        optionsOf(context),
      );
      if (exitCode !== 0) {
        throw new OperatorError(
          `${pathOf(entry, generation)} can't be decrypted: is this stack's passphrase the one in use?`,
        );
      }
      return [entry, stdout.replace(/\n$/, "")] as const;
    }),
  );
  return Object.fromEntries(pairs);
}

/** Stores a value for a generation that is not live yet. It reaches pulumi by standard input: all users see arguments. */
export async function storeValues(
  context: StackContext,
  secret: SecretName,
  generation: number,
  values: EntryValues,
): Promise<void> {
  for (const entry of entriesOf(secret)) {
    const args = ["config", "set", "--secret", "--path", pathOf(entry, generation), ...stackOf(context)];
    await runOrFail("pulumi", args, { ...optionsOf(context), input: values[entry] ?? "" });
  }
}

/** Takes values out of the config that no declaration will ever ask for again. Answers the generations. */
export async function forgetValues(
  context: StackContext,
  secret: SecretName,
  isOver: (generation: number) => boolean,
): Promise<readonly number[]> {
  const byEntry = await suppliedEntries(context.configFile);
  const forgotten = new Set<number>();
  for (const entry of entriesOf(secret)) {
    for (const generation of (byEntry.get(entry) ?? []).filter(isOver)) {
      await runOrFail(
        "pulumi",
        ["config", "rm", "--path", pathOf(entry, generation), ...stackOf(context)],
        optionsOf(context),
      );
      forgotten.add(generation);
    }
  }
  return [...forgotten];
}

const stackOf = ({ stack }: StackContext): string[] => ["--stack", stack, "--non-interactive"];
const optionsOf = ({ cwd, env }: StackContext) => ({ cwd, env: { ...process.env, ...env } });

async function suppliedEntries(configFile: string): Promise<Supplied> {
  const document = parse(await readFile(configFile, "utf8")) as { config?: Record<string, unknown> } | null;
  const external = document?.config?.[key];
  if (!isRecord(external)) return new Map();
  return new Map(
    Object.entries(external).map(([entry, byGeneration]) => [
      entry,
      isRecord(byGeneration) ? Object.keys(byGeneration).map(Number).filter(Number.isSafeInteger) : [],
    ]),
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
