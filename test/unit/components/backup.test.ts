/** Whom the database's copies are encrypted to: what the service is told, and what is refused. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { backup } from "../../../components/services/backup.ts";
import { copiesText } from "../../../cli/backup/copies.ts";
import { mockEngine } from "./mocks.ts";

const recipient = async (): Promise<string> => identityToRecipient(await generateX25519Identity());

async function declared(config: unknown): Promise<readonly string[]> {
  await mockEngine(config === undefined ? {} : { backupRecipients: JSON.stringify(config) });
  const { backups } = await import("../../../stacks/settings.ts");
  return backups().recipients;
}

describe("the recipients of the database's copies", () => {
  beforeEach(() => vi.resetModules());

  it("are told to the service, and nothing is where there are none", async () => {
    const both = [await recipient(), await recipient()];
    expect(await declared(both)).toEqual(both);
    expect(backup({ recipients: both }).env["BACKUP_RECIPIENTS"]).toBe(both.join(" "));
    expect(await declared(undefined)).toEqual([]);
    expect(backup({ recipients: [] }).env).not.toHaveProperty("BACKUP_RECIPIENTS");
  });

  it("that are none are named by number, all at once, without a word of them", async () => {
    const identity = await generateX25519Identity();
    const refused = declared([await recipient(), identity, "age1short", 7]);
    await expect(refused).rejects.toThrow(/backupRecipients: number 2, 3, 4 is no age public key/);
    await expect(refused).rejects.not.toThrow(identity.slice(20));
    await expect(declared("age1")).rejects.toThrow(/is no list of age public keys/);
  });

  it("are said in words, as is that there are none", () => {
    expect(copiesText(2)).toBe("encrypted to 2 recipients");
    expect(copiesText(0)).toMatch(/^not encrypted: .*backupRecipients/);
  });
});
