import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { backupCommand } from "../../../../cli/backup.ts";
import { planRestore } from "../../../../cli/restore/plan.ts";
import { openBackup, restore } from "../../../../cli/restore/restore.ts";
import { S3Fake } from "./s3Fake.ts";

const state = JSON.stringify({
  version: 3,
  deployment: { resources: [{ urn: "a" }, { urn: "b" }], pending_operations: [{}] },
});
const config =
  "config:\n  goimg-secrets:generations:\n    DB_PASSWORD: { live: [2, 3], active: 2 }\nencryptionsalt: v1:abc\n";

/** Stands in for pulumi: exports a state, keeps what is imported, and knows the stacks that a file names. */
const fakePulumi = `#!/bin/sh
case "$1 $2" in
  "stack export") cat "$FAKE/state.json" ;;
  "stack ls") cat "$FAKE/stacks.json" ;;
  "stack import") cat > "$FAKE/imported.json" ;;
esac
printf '%s\\n' "$*" >> "$FAKE/calls"
`;

describe("backup and restore", () => {
  let folder: string;
  let identityFile: string;
  let recipient: string;
  let backups: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "goimg-backup-"));
    backups = path.join(folder, "backups");
    const identity = await generateX25519Identity();
    recipient = await identityToRecipient(identity);
    identityFile = path.join(folder, "identity.txt");
    await writeFile(identityFile, `# created: 2026-03-01\n# public key: ${recipient}\n${identity}\n`);
    const bin = path.join(folder, "cache", "pulumi", "bin");
    await mkdir(bin, { recursive: true });
    await writeFile(path.join(bin, "pulumi"), fakePulumi);
    await chmod(path.join(bin, "pulumi"), 0o755);
    await writeFile(path.join(folder, "state.json"), state);
    await writeFile(path.join(folder, "stacks.json"), "[]");
    await machine("one");
    await writeFile(path.join(folder, "one", "Pulumi.dev.yaml"), config);
    await mkdir(path.join(folder, "one", "home", "goimg-secrets", "audit"), { recursive: true });
    await writeFile(path.join(folder, "one", "home", "goimg-secrets", "audit", "dev.jsonl"), "line 1\n");
    await writeFile(path.join(folder, "one", "home", "goimg-secrets", "passphrase"), "the passphrase 91x7", {
      mode: 0o600,
    });
    use("one");
    vi.stubEnv("FAKE", folder);
    vi.stubEnv("GOIMG_CACHE", path.join(folder, "cache"));
    vi.stubEnv("PULUMI_CONFIG_PASSPHRASE", undefined);
    vi.stubEnv("PULUMI_CONFIG_PASSPHRASE_FILE", undefined);
    vi.stubEnv("PULUMI_BACKEND_URL", undefined);
    vi.stubEnv("GOIMG_AUDIT", undefined);
    vi.stubEnv("DOCKER_HOST", "unix:///nowhere");
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    await rm(folder, { recursive: true });
  });

  async function machine(name: string): Promise<void> {
    await mkdir(path.join(folder, name, "home"), { recursive: true });
    await writeFile(path.join(folder, name, "Pulumi.yaml"), "name: goimg-secrets\nruntime: nodejs\n");
  }

  function use(name: string): void {
    vi.stubEnv("GOIMG_PROJECT", path.join(folder, name));
    vi.stubEnv("XDG_STATE_HOME", path.join(folder, name, "home"));
  }

  async function backup(
    ...args: readonly string[]
  ): Promise<{ readonly backup: string; readonly removed: readonly string[] }> {
    const shown: string[] = [];
    vi.spyOn(process.stdout, "write").mockImplementation((text) => shown.push(String(text)) > 0);
    await backupCommand().parseAsync(["--recipient", recipient, "--json", ...args], { from: "user" });
    return JSON.parse(shown.join("")) as { backup: string; removed: string[] };
  }

  const target = (name: string): Parameters<typeof restore>[1] => ({
    cwd: path.join(folder, name),
    env: { PATH: `${path.join(folder, "cache", "pulumi", "bin")}:${process.env["PATH"] ?? ""}` },
    passphraseFile: path.join(folder, name, "home", "passphrase"),
    auditFile: path.join(folder, name, "home", "audit", "dev.jsonl"),
  });

  test("bring state, config, passphrase and audit log to another machine, and nothing in the clear to a disk on the way", async () => {
    const made = await backup("--to", backups);
    const [name = ""] = await readdir(backups);
    expect(made.backup).toBe(path.join(backups, name));
    expect((await stat(made.backup)).mode & 0o777).toBe(0o600);
    const bytes = await readFile(made.backup);
    for (const text of ["the passphrase 91x7", "DB_PASSWORD", "deployment"]) expect(bytes.includes(text)).toBe(false);
    await machine("two");
    const opened = await openBackup(made.backup, identityFile);
    const plan = await planRestore(opened, target("two"), false);
    expect(plan).toEqual({
      stack: "dev",
      steps: [
        "state of dev: 2 resources, 1 of them under way: up mends them",
        "config Pulumi.dev.yaml: the rotation of DB_PASSWORD is under way, and goes on",
        "passphrase",
        "audit log",
      ],
      refusals: [],
    });
    // Planning changes nothing.
    expect(await readdir(path.join(folder, "two"))).toEqual(["Pulumi.yaml", "home"]);
    await restore(opened, target("two"));
    const { cwd, passphraseFile, auditFile } = target("two");
    expect(await readFile(path.join(cwd, "Pulumi.dev.yaml"), "utf8")).toBe(config);
    expect(await readFile(passphraseFile ?? "", "utf8")).toBe("the passphrase 91x7");
    expect((await stat(passphraseFile ?? "")).mode & 0o777).toBe(0o600);
    expect(await readFile(auditFile, "utf8")).toBe("line 1\n");
    expect(await readFile(path.join(folder, "imported.json"), "utf8")).toBe(state);
    expect(await readFile(path.join(folder, "calls"), "utf8")).not.toContain("91x7");
  });

  test("refuse a machine that is not empty, with every reason, and do not touch it", async () => {
    const made = await backup("--to", backups);
    await machine("two");
    await writeFile(path.join(folder, "two", "Pulumi.yaml"), "name: another\nruntime: nodejs\n");
    await writeFile(path.join(folder, "stacks.json"), JSON.stringify([{ name: "dev", resourceCount: 9 }]));
    await mkdir(path.join(folder, "two", "home", "audit"));
    await writeFile(target("two").passphraseFile ?? "", "another");
    await writeFile(target("two").auditFile, "another\n");
    const { refusals } = await planRestore(await openBackup(made.backup, identityFile), target("two"), false);
    expect(refusals).toHaveLength(4);
    for (const why of [
      /the project goimg-secrets, and this is another/,
      /another passphrase, which dev here may need/,
      /dev is here already/,
      /another audit log/,
    ])
      expect(refusals.some((refusal) => why.test(refusal))).toBe(true);
    expect(refusals.join()).not.toContain("91x7");
  });

  test("replace a passphrase that no stack here needs, and keep a config that differs beside the restored one", async () => {
    const made = await backup("--to", backups);
    await machine("two");
    await writeFile(target("two").passphraseFile ?? "", "made by an earlier command");
    await writeFile(path.join(folder, "two", "Pulumi.dev.yaml"), "config: {}\n");
    const opened = await openBackup(made.backup, identityFile);
    expect((await planRestore(opened, target("two"), false)).refusals).toEqual([]);
    await restore(opened, target("two"));
    expect(await readFile(target("two").passphraseFile ?? "", "utf8")).toBe("the passphrase 91x7");
    expect(await readFile(path.join(folder, "two", "Pulumi.dev.yaml.before-restore"), "utf8")).toBe("config: {}\n");
  });

  test("keep the newest, remove the others only after the new one is there, and nothing in a dry run", async () => {
    await mkdir(backups);
    const old = ["goimg-dev-20200101T000000Z.age", "goimg-dev-20200102T000000Z.age"];
    for (const name of [...old, "goimg-prod-20200101T000000Z.age", "notes.txt"])
      await writeFile(path.join(backups, name), "x");
    expect((await backup("--to", backups, "--keep", "2", "--dry-run")).removed).toEqual([old[0]]);
    expect(await readdir(backups)).toHaveLength(4);
    await writeFile(path.join(folder, "state.json"), "");
    await rm(path.join(folder, "one", "Pulumi.dev.yaml"));
    await expect(backup("--to", backups, "--keep", "1")).rejects.toThrow("can't be read");
    expect(await readdir(backups)).toHaveLength(4);
    await writeFile(path.join(folder, "one", "Pulumi.dev.yaml"), config);
    const made = await backup("--to", backups, "--keep", "2");
    expect(made.removed).toEqual([old[0]]);
    expect((await readdir(backups)).sort()).toEqual(
      [old[1], path.basename(made.backup), "goimg-prod-20200101T000000Z.age", "notes.txt"].sort(),
    );
  });

  test("go to S3 and come back, with retention over the pages of a listing", async () => {
    const s3 = await S3Fake.start();
    try {
      vi.stubEnv("AWS_ENDPOINT_URL_S3", s3.endpoint);
      vi.stubEnv("AWS_ACCESS_KEY_ID", "id");
      vi.stubEnv("AWS_SECRET_ACCESS_KEY", "key");
      for (const day of [1, 2, 3, 4]) s3.objects.set(`nightly/goimg-dev-2020010${day}T000000Z.age`, Buffer.from("x"));
      const made = await backup("--to", "s3://backups/nightly", "--keep", "2");
      expect(made.removed).toEqual([3, 2, 1].map((day) => `goimg-dev-2020010${day}T000000Z.age`));
      expect([...s3.objects.keys()].sort()).toEqual([
        "nightly/goimg-dev-20200104T000000Z.age",
        made.backup.replace("s3://backups/", ""),
      ]);
      expect((await openBackup(made.backup, identityFile)).files.get("passphrase")?.toString()).toBe(
        "the passphrase 91x7",
      );
      await expect(backup("--to", "s3://elsewhere")).rejects.toThrow(
        /elsewhere\/goimg-dev-.* can't be written: no backup was made/,
      );
      await expect(openBackup("s3://backups/nightly/none.age", identityFile)).rejects.toThrow(
        "can't be read (NoSuchKey)",
      );
    } finally {
      await s3.stop();
    }
  });
});
