import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { formatEnvFile, readEnvFile, repositoryOf, variableOf } from "../../../runtime/envFile.ts";
import { ProviderError } from "../../../runtime/providerError.ts";
import { entryRule, generationOf, text, valueOf, type Kind } from "./kind.ts";

interface EnvEntry {
  /** Absolute path of the store's file. */
  readonly file: string;
  readonly entry: string;
  readonly generation: number;
  readonly value: string;
}

/** One generation of one entry in a 0600 file outside the repository. */
export const envEntry: Kind<EnvEntry> = {
  replacing: ["file", "entry", "generation", "value"],
  parse: (inputs, problems) => ({
    file: text(inputs, "file", problems, /^\/[^\0\n]+$/, "an absolute path"),
    entry: text(inputs, "entry", problems, entryRule, "an entry's name: A-Z, 0-9, _, at most 48"),
    generation: generationOf(inputs, problems),
    value: valueOf(inputs, problems),
  }),
  id: ({ file, entry, generation }) => `${file}#${variableOf(entry, generation)}`,
  create: ({ file, entry, generation, value }) =>
    edit(file, (values) => {
      const name = variableOf(entry, generation);
      const before = values.get(name);
      if (before !== undefined && before !== value) {
        throw new Error(
          `${name} is in the file with another value: a number is never used twice; publish a new generation`,
        );
      }
      values.set(name, value);
    }),
  async exists({ file, entry, generation, value }) {
    return (await contents(file)).get(variableOf(entry, generation)) === value;
  },
  delete: ({ file, entry, generation }) => edit(file, (values) => values.delete(variableOf(entry, generation))),
};

/** One edit of a file after the other: the engine creates resources side by side. */
const queues = new Map<string, Promise<void>>();

function edit(file: string, change: (values: Map<string, string>) => void): Promise<void> {
  const turn = (queues.get(file) ?? Promise.resolve()).then(async () => {
    if (await repositoryOf(file)) {
      throw new Error("the store's file is in a git repository: choose a file outside of it");
    }
    const values = await contents(file);
    change(values);
    if (values.size === 0) await rm(file, { force: true });
    else await replace(file, formatEnvFile(values));
  });
  queues.set(
    file,
    turn.catch(() => undefined),
  );
  return turn;
}

/** Empty where there is no file yet. */
async function contents(file: string): Promise<Map<string, string>> {
  return readEnvFile(file).catch((error: unknown) => {
    if (error instanceof ProviderError && error.reason === "missing") return new Map<string, string>();
    throw error instanceof ProviderError ? new Error(`the store ${error.message}`) : error;
  });
}

/** In one step, and never with a wider mode, not even for a moment. */
async function replace(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const partial = `${file}.${randomUUID()}`;
  try {
    const handle = await open(partial, "wx", 0o600);
    try {
      await handle.chmod(0o600);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
}
