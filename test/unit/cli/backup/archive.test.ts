import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { beforeAll, describe, expect, test } from "vitest";
import { decrypt, encrypt } from "../../../../cli/backup/age.ts";
import { pack, unpack, type Backup, type BackedUp } from "../../../../cli/backup/archive.ts";
import { backupName, outdated } from "../../../../cli/backup/retention.ts";

const header = {
  format: "goimg-secrets backup",
  version: 1,
  stack: "dev",
  project: "goimg-secrets",
  made: "2026-03-01T02:00:00.000Z",
} as const;
const files: readonly BackedUp[] = [
  { name: "project.yaml", content: Buffer.from("name: goimg-secrets\n") },
  { name: "stack.yaml", content: Buffer.from("config: {}\n") },
  { name: "state.json", content: Buffer.from(`{"deployment":{"pad":"${randomBytes(200_000).toString("hex")}"}}`) },
  { name: "passphrase", content: Buffer.from("pass-phrase-91x7") },
];

describe("an archive", () => {
  let identity: string;
  let other: string;
  let ciphertext: Buffer;

  beforeAll(async () => {
    identity = await generateX25519Identity();
    other = await generateX25519Identity();
    const recipients = [await identityToRecipient(other), await identityToRecipient(identity)];
    ciphertext = await buffer(await encrypt(pack(header, files), recipients));
  });

  async function open(bytes: Buffer, ...identities: readonly string[]): Promise<Backup> {
    return unpack(await decrypt(Readable.from([bytes]), identities));
  }

  test("opens for each recipient to what was put in, byte for byte", async () => {
    for (const each of [identity, other]) {
      const backup = await open(ciphertext, each);
      expect(backup.header).toEqual(header);
      expect([...backup.files.keys()]).toEqual(files.map(({ name }) => name));
      for (const { name, content } of files) expect(backup.files.get(name)?.equals(content), name).toBe(true);
    }
  });

  test("shows nothing of its content, and opens for no one else", async () => {
    expect(ciphertext.includes("pass-phrase-91x7")).toBe(false);
    expect(ciphertext.includes("goimg-secrets")).toBe(false);
    await expect(open(ciphertext, await generateX25519Identity())).rejects.toThrow("does not open");
  });

  test("does not open when a byte of it was changed, or its end is missing", async () => {
    for (const at of [60, 300, Math.floor(ciphertext.length / 2), ciphertext.length - 1]) {
      const changed = Buffer.from(ciphertext);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(open(changed, identity), `byte ${at}`).rejects.toThrow(/does not open|is damaged/);
    }
    for (const length of [0, 100, 70_000, ciphertext.length - 1])
      await expect(open(ciphertext.subarray(0, length), identity), `${length} bytes`).rejects.toThrow(
        /does not open|is damaged/,
      );
  });

  test("is refused when it lacks a file, though it was sealed so", async () => {
    const sealed = await buffer(await encrypt(pack(header, files.slice(0, 2)), [await identityToRecipient(identity)]));
    await expect(open(sealed, identity)).rejects.toThrow("state.json is missing");
  });

  test("is not made for what is no recipient, each of them told by its place", async () => {
    const right = await identityToRecipient(identity);
    await expect(encrypt(pack(header, files), ["age1nonsense", right, identity])).rejects.toThrow(
      "recipient 1, 3 is no age public key",
    );
    await expect(encrypt(pack(header, files), [])).rejects.toThrow("--recipient");
  });
});

describe("retention", () => {
  test("keeps the newest of the stack, and leaves everything else alone", () => {
    const names = [1, 2, 3, 4].map((day) => backupName("dev", new Date(Date.UTC(2026, 2, day, 2))));
    expect(names[0]).toBe("goimg-dev-20260301T020000Z.age");
    const others = [
      "goimg-prod-20200101T000000Z.age",
      "goimg-dev-2-20200101T000000Z.age",
      "notes.txt",
      `${names[0] ?? ""}.partial`,
    ];
    expect(outdated([...others, ...names].reverse(), "dev", 2)).toEqual([names[1], names[0]]);
    expect(outdated(names, "dev", 4)).toEqual([]);
  });
});
