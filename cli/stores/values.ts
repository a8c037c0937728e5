import { createHash } from "node:crypto";
import * as z from "zod";
import { storeKinds, type StoreKind } from "../../components/stores/settings.ts";
import { pulumiOrFail, type PulumiOptions } from "../pulumi.ts";

/** One generation of one entry, as a stack's state has it. */
export interface StateValue {
  readonly entry: string;
  readonly generation: number;
  readonly value: string;
}

const resourceSchema = z.object({
  type: z.string(),
  urn: z.string(),
  /** About to be deleted, once its successor is there. */
  delete: z.boolean().optional(),
  /** When it had been made. */
  created: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
});

/** The part of `pulumi stack export` that commands read; with `--show-secrets`, secrets are in the clear. */
export const exportedSchema = z.object({ deployment: z.object({ resources: z.array(resourceSchema).optional() }) });

type Inputs = Readonly<Record<string, unknown>>;

/** For each store, the resource that is a generation in it, and how that holds its value. */
const kinds: Readonly<Record<StoreKind, readonly [type: string, value: (inputs: Inputs) => string | undefined]>> = {
  swarm: ["docker:index/secret:Secret", ({ data }) => fromBase64(secretText(data))],
  vault: ["goimg-stores:vault:Generation", ({ value }) => secretText(value)],
};

/**
 * What stores of a stack hold, by the names of their resources; once, when two stores hold the same.
 *
 * @param stores the ones that are asked about; all when left out
 */
export function valuesIn(
  { deployment }: z.infer<typeof exportedSchema>,
  stores: readonly StoreKind[] = storeKinds,
): readonly StateValue[] {
  const readers = new Map(stores.map((store) => kinds[store]));
  const found = new Map<string, StateValue>();
  for (const { type, urn, inputs = {} } of deployment.resources ?? []) {
    const [, entry, generation] = /::([A-Z][A-Z0-9_]*)-g(\d+)$/.exec(urn) ?? [];
    const value = readers.get(type)?.(inputs);
    if (entry === undefined || value === undefined) continue;
    found.set(`${entry}.${generation ?? ""}`, { entry, generation: Number(generation), value });
  }
  return [...found.values()];
}

/**
 * SHA-256 of each value of the state, by `ENTRY.G`. The values come through a pipe of this process, and are written nowhere.
 *
 * @param salt goes before each value, so that a hash says nothing to who does not have it
 */
export async function hashesInState(
  stack: string,
  run: PulumiOptions,
  salt = "",
): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await pulumiOrFail(["stack", "export", "--show-secrets", "--stack", stack], run);
  const values = valuesIn(exportedSchema.parse(JSON.parse(stdout)));
  return new Map(values.map(({ entry, generation, value }) => [`${entry}.${generation}`, saltedHash(salt, value)]));
}

export const saltedHash = (salt: string, value: string): string =>
  createHash("sha256").update(salt).update(value).digest("hex");

/** A decrypted secret of the state is an object that holds the text as JSON. */
export function secretText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  const plaintext = typeof value === "object" && value !== null && "plaintext" in value ? value.plaintext : undefined;
  return typeof plaintext === "string" ? (JSON.parse(plaintext) as string) : undefined;
}

const fromBase64 = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : Buffer.from(text, "base64").toString("utf8");
