import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { exportCommand } from "../../../../cli/export.ts";

const run = promisify(execFile);
const state = {
  deployment: {
    resources: [1, 2].map((generation) => ({
      type: "docker:index/secret:Secret",
      urn: `urn:pulumi:dev::p::goimg:stores:Swarm$docker:index/secret:Secret::DB_PASSWORD-g${generation}`,
      inputs: { data: { plaintext: JSON.stringify(Buffer.from(`value-${generation}`).toString("base64")) } },
    })),
  },
};
const config = {
  "adopted:TOKEN.g0": { value: "adopted-0", secret: true },
  "adopted:TOKEN.g1": { value: "adopted-1", secret: true },
};

describe("export", () => {
  let folder: string;
  let out: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "goimg-export-"));
    out = path.join(folder, "out");
    await mkdir(out, { mode: 0o700 });
    const project = path.join(folder, "project");
    await mkdir(project);
    await writeFile(path.join(project, "Pulumi.yaml"), "name: p\nruntime: nodejs\n");
    await writeFile(
      path.join(project, "Pulumi.dev.yaml"),
      "config:\n  p:generations:\n    DB_PASSWORD: { live: [1, 2], active: 2 }\n    TOKEN: { live: [0], active: 0 }\n",
    );
    await writeFile(path.join(folder, "state.json"), JSON.stringify(state));
    await writeFile(path.join(folder, "config.json"), JSON.stringify(config));
    await writeFile(
      path.join(folder, "pulumi"),
      `#!/bin/sh\ncase "$1" in config) cat "${folder}/config.json";; stack) cat "${folder}/state.json";; esac\n`,
    );
    await chmod(path.join(folder, "pulumi"), 0o755);
    vi.stubEnv("XDG_STATE_HOME", path.join(folder, "home"));
    vi.stubEnv("GOIMG_CACHE", path.join(folder, "cache"));
    await mkdir(path.join(folder, "cache", "pulumi", "bin"), { recursive: true });
    await run("cp", [path.join(folder, "pulumi"), path.join(folder, "cache", "pulumi", "bin", "pulumi")]);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    await rm(folder, { recursive: true });
  });

  async function command(...args: readonly string[]): Promise<string> {
    const shown: string[] = [];
    vi.spyOn(process.stdout, "write").mockImplementation((text) => shown.push(String(text)) > 0);
    vi.spyOn(process.stderr, "write").mockImplementation((text) => shown.push(String(text)) > 0);
    await exportCommand().parseAsync(["--project", path.join(folder, "project"), ...args], { from: "user" });
    return shown.join("");
  }

  test("shows names alone, and writes nothing, unless it is told where", async () => {
    const shown = await command("--format", "env");
    expect(shown).toContain("DB_PASSWORD");
    expect(shown).toContain("TOKEN");
    expect(shown).not.toMatch(/value-|adopted-/);
  });

  test("writes the active generation of each entry to a file that its owner alone can read", async () => {
    const file = path.join(out, "app.env");
    expect(await command("--format", "env", "--clear", "--out", file)).not.toMatch(/value-|adopted-/);
    expect(await readFile(file, "utf8")).toBe("DB_PASSWORD='value-2'\nTOKEN='adopted-0'\n");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test("refuses to write in the clear without --clear, into a git repository, or where others write", async () => {
    await expect(command("--format", "env", "--out", path.join(out, "a"))).rejects.toThrow("--clear");
    await run("git", ["init", "-q", out]);
    await chmod(out, 0o777);
    await expect(command("--format", "env", "--clear", "--out", path.join(out, "a"))).rejects.toThrow(
      /writable by others; it is in the git repository/,
    );
    await expect(stat(path.join(out, "a"))).rejects.toThrow("ENOENT");
  });

  test("refuses sops without a recipient, and what is no recipient, in one message", async () => {
    await expect(
      command("--format", "sops", "--clear", "--recipient", "AGE-SECRET-KEY-1XYZ", "--out", path.join(out, "a")),
    ).rejects.toThrow(/nothing in the clear[^]*no age public key/);
    await expect(command("--format", "sops", "--out", path.join(out, "a"))).rejects.toThrow("at least one --recipient");
  });
});
