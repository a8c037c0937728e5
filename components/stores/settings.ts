import { InvalidSettings, textReader, type TextReader } from "../settings.ts";
import { pathRule } from "./provider/kind.ts";
import { vaultAddress } from "../../runtime/vaultHttp.ts";

/** Stores that a stack on Swarm can choose. */
export const storeKinds = ["swarm", "vault"] as const;
export type StoreKind = (typeof storeKinds)[number];

/** Where a stack's Vault is, and where in it the stack has its place. */
export interface VaultSettings {
  /** `https://HOST:PORT`, as the services reach it; `http://` on the loopback alone. */
  readonly address: string;
  /** Path of a KV v2 engine. @default "secret" */
  readonly mount: string;
  /** Path of the AppRole auth method. @default "approle" */
  readonly auth: string;
  /** Number of the services' secret ids: one more makes new ones first and destroys the old ones last. @default 1 */
  readonly secretIds: number;
  /** File of a private CA's certificates, in PEM, absolute or below the project. */
  readonly caFile?: string;
}

/** A stack's choice of stores. */
export interface StoreSettings {
  /** Where services read from. @default "swarm" */
  readonly store: StoreKind;
  /** Where values are kept: the store above, and another one while values move. @default the store above */
  readonly keepIn: readonly StoreKind[];
  /** There when one of them is Vault. */
  readonly vault?: VaultSettings;
}

/** The keys of a stack's config, `goimg-secrets:store` and so on, as parsed. */
export interface RawStoreSettings {
  readonly store?: unknown;
  readonly keepIn?: unknown;
  readonly vault?: unknown;
}

/** Every problem of the settings at once, each with its key and what is expected. */
export class InvalidStoreSettings extends InvalidSettings {
  constructor(problems: readonly string[]) {
    super("store is", problems);
  }
}

/** @throws InvalidStoreSettings */
export function parseStoreSettings(raw: RawStoreSettings): StoreSettings {
  const problems: string[] = [];
  const { store = "swarm" } = raw;
  if (!isKind(store)) problems.push(`store: one of ${storeKinds.join(", ")} is expected`);
  const keepIn = raw.keepIn ?? [store];
  const isList = Array.isArray(keepIn) && keepIn.every(isKind) && new Set(keepIn).size === keepIn.length;
  if (!isList) problems.push(`keepIn: a list of ${storeKinds.join(", ")} is expected, each once`);
  else if (!(keepIn as unknown[]).includes(store)) {
    problems.push("keepIn: services read from a store that keeps no values: add it, or remove keepIn");
  }
  const needsVault = store === "vault" || (isList && (keepIn as unknown[]).includes("vault"));
  const vault = needsVault ? parseVault(raw.vault, problems) : undefined;
  if (problems.length > 0) throw new InvalidStoreSettings(problems);
  const order = storeKinds.filter((kind) => (keepIn as unknown[]).includes(kind));
  return { store: store as StoreKind, keepIn: order, ...(vault === undefined ? {} : { vault }) };
}

const isKind = (value: unknown): value is StoreKind => (storeKinds as readonly unknown[]).includes(value);

function parseVault(raw: unknown, problems: string[]): VaultSettings | undefined {
  if (typeof raw !== "object" || raw === null) {
    problems.push('vault: an object is expected, such as { address: "https://vault.example:8200" }');
    return undefined;
  }
  const given = raw as Readonly<Record<string, unknown>>;
  const known = ["address", "mount", "auth", "secretIds", "caFile"];
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) problems.push(`vault.${key}: no such setting; known are ${known.join(", ")}`);
  }
  const text: TextReader<keyof VaultSettings> = textReader(given, problems, "vault.");
  // The Pulumi command keeps numbers of a path as numbers, and those of a whole value as text.
  const secretIds = Number(given["secretIds"] ?? 1);
  if (!Number.isInteger(secretIds) || secretIds < 1)
    problems.push("vault.secretIds: a whole number from 1 is expected");
  const address = text("address", vaultAddress, "https://HOST:PORT (http only on this machine)").replace(/\/$/, "");
  const caFile = given["caFile"] === undefined ? {} : { caFile: text("caFile", /^[^\0\n]+$/, "a file's path") };
  return {
    address,
    mount: text("mount", pathRule, "the path of a KV v2 engine", "secret"),
    auth: text("auth", pathRule, "the path of the AppRole auth method", "approle"),
    secretIds,
    ...caFile,
  };
}
