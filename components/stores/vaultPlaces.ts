import { member } from "../../runtime/vaultHttp.ts";
import { vault } from "./provider/vaultClient.ts";

/** Folder of a stack's entries, below the engine's path. */
export const vaultFolder = (stack: string): string => `goimg/${stack}`;

/** Name of a service's role and of its policy. */
export const vaultRole = (stack: string, service: string): string => `goimg-${stack}-${service}`;

/** A generation that Vault keeps. */
export interface KeptGeneration {
  readonly id: string;
  readonly entry: string;
  readonly generation: number;
  readonly createdAt: Date;
}

/** Which Vault, which engine, whose entries. */
export interface VaultFolder {
  readonly address: string;
  readonly mount: string;
  readonly stack: string;
}

/**
 * What Vault keeps of a stack, without a value: versions that were destroyed, or never held one, are not in it.
 *
 * @throws VaultError
 */
export async function keptInVault({ address, mount, stack }: VaultFolder): Promise<readonly KeptGeneration[]> {
  const route = `${mount}/metadata/${vaultFolder(stack)}`;
  const keys = member(await vault(address, "LIST", route), "data", "keys");
  const entries = Array.isArray(keys) ? keys.filter((key): key is string => typeof key === "string") : [];
  const kept = await Promise.all(
    entries.map(async (entry) => {
      const versions = member(await vault(address, "GET", `${route}/${entry}`), "data", "versions");
      return Object.entries((versions ?? {}) as Readonly<Record<string, unknown>>)
        .filter(([, version]) => member(version, "destroyed") === false && member(version, "deletion_time") === "")
        .map(([number, version]) => ({
          id: `${mount}/${vaultFolder(stack)}/${entry}?version=${number}`,
          entry,
          generation: Number(number),
          createdAt: new Date(String(member(version, "created_time"))),
        }));
    }),
  );
  return kept.flat();
}
