import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { appendAudit, highestIn, verifyAudit, type AuditEvent } from "../../../cli/audit.ts";

const event = (secret: string, highest: number): AuditEvent => ({
  stack: "dev",
  secret,
  action: "publish",
  outcome: "done",
  before: '{"live":[1],"active":1}',
  after: '{"live":[1,2],"active":1}',
  reason: "test",
  highest,
});

describe("the audit log", () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "goimg-audit-"));
    file = path.join(directory, "audit", "dev.jsonl");
    await appendAudit(file, [event("DB_PASSWORD", 2), event("S3_KEY", 4)], new Date("2026-01-01T00:00:00Z"));
    await appendAudit(file, [event("DB_PASSWORD", 3)], new Date("2026-01-02T00:00:00Z"));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  const lines = async (): Promise<string[]> => (await readFile(file, "utf8")).trimEnd().split("\n");
  const rewrite = async (to: readonly string[]): Promise<void> => writeFile(file, `${to.join("\n")}\n`);

  test("chains what is appended, and knows the highest generation of each secret", async () => {
    const verdict = await verifyAudit(file);
    if (!verdict.ok) throw new Error(verdict.why);
    expect(verdict.entries.map(({ seq, secret, time }) => [seq, secret, time])).toEqual([
      [1, "DB_PASSWORD", "2026-01-01T00:00:00.000Z"],
      [2, "S3_KEY", "2026-01-01T00:00:00.000Z"],
      [3, "DB_PASSWORD", "2026-01-02T00:00:00.000Z"],
    ]);
    expect(verdict.entries[2]?.previous).toBe(verdict.entries[1]?.hash);
    expect([highestIn(verdict.entries, "DB_PASSWORD"), highestIn(verdict.entries, "JWT_KEY")]).toEqual([3, 0]);
  });

  test("is empty where there is none", async () => {
    expect(await verifyAudit(path.join(directory, "none.jsonl"))).toEqual({ ok: true, entries: [] });
  });

  test.each<[string, (all: string[]) => string[], number]>([
    ["a changed entry", ([a = "", b = "", c = ""]) => [a, b.replace("S3_KEY", "JWT_KEY"), c], 2],
    ["a removed entry", ([a = "", , c = ""]) => [a, c], 2],
    ["a removed first entry", ([, b = "", c = ""]) => [b, c], 1],
    ["entries in another order", ([a = "", b = "", c = ""]) => [a, c, b], 2],
    ["an added entry", ([a = "", b = "", c = ""]) => [a, b, c, c], 4],
    ["something else", ([a = "", b = "", c = ""]) => [a, b, "{}", c], 3],
  ])("tells %s, and takes no more entries", async (_, change, line) => {
    await rewrite(change(await lines()));
    expect(await verifyAudit(file)).toMatchObject({ ok: false, line });
    await expect(appendAudit(file, [event("S3_KEY", 5)], new Date())).rejects.toThrow(`line ${line}`);
  });

  test("tells an entry that was cut off", async () => {
    const text = await readFile(file, "utf8");
    await writeFile(file, text.slice(0, -10));
    expect(await verifyAudit(file)).toMatchObject({ ok: false, line: 3 });
  });
});
