import { readFile } from "node:fs/promises";
import { parse } from "yaml";

/** How the copies that the backup service makes of the database are protected in their bucket. */
export function copiesText(recipients: number): string {
  return recipients === 0
    ? "not encrypted: the bucket's own protection is all that they have (goimg-secrets:backupRecipients)"
    : `encrypted to ${recipients} recipient${recipients === 1 ? "" : "s"}`;
}

/** How many recipients a stack's config declares. */
export async function declaredRecipients(configFile: string): Promise<number> {
  const text = await readFile(configFile, "utf8").catch(() => "");
  const document = parse(text) as { readonly config?: Readonly<Record<string, unknown>> } | null;
  const recipients = document?.config?.["goimg-secrets:backupRecipients"];
  return Array.isArray(recipients) ? recipients.length : 0;
}
