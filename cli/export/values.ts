import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { entries } from "../../components/catalog/grants.ts";
import { OperatorError } from "../error.ts";
import { encoders, type Encoding } from "../import/find/encodings.ts";
import { Value } from "../import/find/value.ts";
import { pulumiOrFail } from "../pulumi.ts";
import { exportedSchema, valuesIn, type StateValue } from "../stores/values.ts";

/** A stack whose values are exported, and how pulumi is run for it. */
export interface ExportSource {
  readonly cwd: string;
  readonly stack: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The values that a stack's services use now, and who reads them. */
export interface ExportedStack {
  /** The active generation of each entry, in alphabetical order. */
  readonly values: ReadonlyMap<string, Value>;
  /** Services by entry. */
  readonly consumers: ReadonlyMap<string, readonly string[]>;
  /** Variables of an imported project's services that hold a value in another encoding. */
  readonly encoded: readonly { readonly variable: string; readonly entry: string; readonly encoding: Encoding }[];
}

const configSchema = z.record(
  z.string(),
  z.object({ value: z.string().optional(), objectValue: z.unknown().optional() }),
);
const reportSchema = z.object({
  secrets: z.array(
    z.object({ name: z.string(), entries: z.array(z.object({ name: z.string(), consumers: z.array(z.string()) })) }),
  ),
  variables: z.array(
    z.object({ variable: z.string(), entry: z.string(), encoding: z.enum(Object.keys(encoders) as [Encoding]) }),
  ),
});

/**
 * Reads the values that are active: of the stack's own secrets from its state, of adopted ones from its config. They come
 * through a pipe of this process, and are written nowhere.
 *
 * @throws OperatorError if the stack can't be read, or holds nothing
 */
export async function readValues(source: ExportSource): Promise<ExportedStack> {
  const run = { cwd: source.cwd, env: source.env, output: "capture" } as const;
  const config = configSchema.parse(
    JSON.parse((await pulumiOrFail(["config", "--show-secrets", "--json", "--stack", source.stack], run)).stdout),
  );
  const state = exportedSchema.parse(
    JSON.parse((await pulumiOrFail(["stack", "export", "--show-secrets", "--stack", source.stack], run)).stdout),
  );
  const report = await readReport(source.cwd);
  const active = activeGenerations(await readFile(path.join(source.cwd, `Pulumi.${source.stack}.yaml`), "utf8"));
  const found = new Map<string, Value>();
  const secretOf = (entry: string): string =>
    report?.secrets.find((secret) => secret.entries.some(({ name }) => name === entry))?.name ??
    entries.find(({ name }) => name === entry)?.secret ??
    entry;
  for (const { entry, generation, value } of [...adopted(config), ...valuesIn(state)]) {
    if (generation === (active.get(secretOf(entry)) ?? 1)) found.set(entry, new Value(value));
  }
  if (found.size === 0) throw new OperatorError(`the stack ${source.stack} holds no value yet`);
  return {
    values: new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1))),
    consumers: consumersIn(report),
    encoded: report?.variables.filter(({ encoding }) => encoding !== "raw") ?? [],
  };
}

function adopted(config: z.infer<typeof configSchema>): readonly StateValue[] {
  return Object.entries(config).flatMap(([key, { value }]) => {
    const match = /^adopted:([A-Z][A-Z0-9_]*)\.g(\d+)$/.exec(key);
    return match?.[1] === undefined || value === undefined
      ? []
      : [{ entry: match[1], generation: Number(match[2]), value }];
  });
}

function activeGenerations(text: string): ReadonlyMap<string, number> {
  const document = parse(text) as { config?: Record<string, unknown> } | null;
  const declared = Object.entries(document?.config ?? {}).find(([key]) => key.endsWith(":generations"))?.[1];
  const schema = z.record(z.string(), z.object({ active: z.int() }));
  const parsed = schema.safeParse(declared);
  return new Map(Object.entries(parsed.success ? parsed.data : {}).map(([name, { active }]) => [name, active]));
}

async function readReport(folder: string): Promise<z.infer<typeof reportSchema> | undefined> {
  const text = await readFile(path.join(folder, "import.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : reportSchema.parse(JSON.parse(text));
}

function consumersIn(report: z.infer<typeof reportSchema> | undefined): ReadonlyMap<string, readonly string[]> {
  if (report === undefined) return new Map(entries.map(({ name, consumers }) => [name, consumers]));
  return new Map(
    report.secrets.flatMap((secret) => secret.entries.map(({ name, consumers }) => [name, consumers] as const)),
  );
}
