/** What a passphrase opens of all that Pulumi keeps of a project, read without Pulumi. */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { Crypter } from "../../cli/passphrase/crypter.ts";
import { decode } from "../../cli/state/compression.ts";

/** How a state says which passphrase it has: a salt, and a value to try it on. */
export const saltLine = /v1:[A-Za-z0-9+/]{11}=:v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+={0,2}/g;
const value = /v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]{22,}={0,2}/g;

/** Texts of everything that Pulumi keeps of the inline project, by name. */
export async function keptTexts(directory: string): Promise<ReadonlyMap<string, string>> {
  const below = await readdir(path.join(directory, ".pulumi"), { recursive: true, withFileTypes: true });
  const files = below.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
  const all = [...files, path.join(directory, "Pulumi.test.yaml")];
  return new Map(await Promise.all(all.map(async (file) => [file, decode(await readFile(file)).text] as const)));
}

/** The keys that the passphrase gives with the salts that are there. */
export async function keysOf(passphrase: string, found: ReadonlyMap<string, string>): Promise<readonly Crypter[]> {
  const lines = new Set([...found.values()].flatMap((text) => [...text.matchAll(saltLine)].map(([one]) => one)));
  const keys = await Promise.all([...lines].map((one) => Crypter.of(passphrase, one)));
  return keys.filter((key) => key !== undefined);
}

/** Every value that one of the keys opens. */
export function opened(keys: readonly Crypter[], found: ReadonlyMap<string, string>): readonly string[] {
  const values = [...found.values()].flatMap((text) => [...text.replaceAll(saltLine, "").matchAll(value)]);
  return values.flatMap(([one]) =>
    keys.map((key) => key.open(one)?.toString("utf8")).filter((text) => text !== undefined),
  );
}
