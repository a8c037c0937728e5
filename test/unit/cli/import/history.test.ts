import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Value } from "../../../../cli/import/find/value.ts";
import { searchHistory } from "../../../../cli/import/history.ts";

const run = promisify(execFile);

describe("what git has seen", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "goimg-history-"));
    await git("init", "-q", "-b", "main");
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  async function git(...args: readonly string[]): Promise<string> {
    const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
    return (await run("git", ["-C", folder, ...identity, ...args])).stdout.trim();
  }

  async function commit(name: string, text: string): Promise<string> {
    await writeFile(path.join(folder, name), text);
    await git("add", "-A");
    await git("commit", "-q", "-m", `change ${name}`);
    return git("rev-parse", "HEAD");
  }

  const values = (texts: Readonly<Record<string, string>>): ReadonlyMap<string, Value> =>
    new Map(Object.entries(texts).map(([name, text]) => [name, new Value(text)]));

  test("is found after it was deleted, on a branch that is gone, in a message, and in every encoding", async () => {
    const first = await commit(".env", "DB_PASSWORD=kX9mQ2vL7pR4tW8z\n");
    await commit(".env", "DB_PASSWORD=\n");
    await git("checkout", "-q", "-b", "side");
    await commit("url.txt", `redis://:${encodeURIComponent("c3l3ry/br0ker")}@h`);
    await commit("auth.txt", Buffer.from("elastic:el4stic!Pass").toString("base64"));
    await commit("compose.yaml", "x: pa$$word-7$$\n");
    await git("commit", "-q", "--allow-empty", "-m", "use tok-91x7-Qz3 for now");
    await git("checkout", "-q", "main");
    await git("branch", "-q", "-D", "side");
    const { repository, seen, unsearchable } = await searchHistory(
      folder,
      values({
        DB: "kX9mQ2vL7pR4tW8z",
        REDIS: "c3l3ry/br0ker",
        ELASTIC: "el4stic!Pass",
        DOLLAR: "pa$word-7$",
        TOKEN: "tok-91x7-Qz3",
        NEVER: "n0t-in-here-99",
        WEAK: "postgres",
        SHORT: "a1",
      }),
    );
    expect(repository).toBeDefined();
    expect([...seen.keys()].sort()).toEqual(["DB", "DOLLAR", "ELASTIC", "REDIS", "TOKEN"]);
    expect(seen.get("DB")).toMatchObject({ commit: first, path: ".env" });
    expect(unsearchable).toEqual(["WEAK", "SHORT"]);
  });

  test("is nothing where there is no repository", async () => {
    await rm(path.join(folder, ".git"), { recursive: true });
    vi.stubEnv("GIT_CEILING_DIRECTORIES", path.dirname(folder));
    expect(await searchHistory(folder, values({ A: "kX9mQ2vL7pR4tW8z" }))).toEqual({
      repository: undefined,
      seen: new Map(),
      unsearchable: [],
    });
  });

  test("is searched for without telling git the value: not in an argument, not in its environment, not on its input", async () => {
    await commit(".env", "DB_PASSWORD=kX9mQ2vL7pR4tW8z\n");
    const spy = path.join(folder, "spy");
    const log = path.join(folder, "spy.log");
    const real = (await run("sh", ["-c", "command -v git"])).stdout.trim();
    await mkdir(spy);
    await writeFile(
      path.join(spy, "git"),
      `#!/bin/sh\n{ printf '%s\\n' "$@"; env; } >> "${log}"\nexec "${real}" "$@"\n`,
    );
    await chmod(path.join(spy, "git"), 0o755);
    vi.stubEnv("PATH", `${spy}:${process.env["PATH"] ?? ""}`);
    const { seen } = await searchHistory(folder, values({ DB: "kX9mQ2vL7pR4tW8z" }));
    expect([...seen.keys()]).toEqual(["DB"]);
    const told = await readFile(log, "utf8");
    expect(told).toContain("--batch-all-objects");
    expect(told).not.toContain("kX9mQ2vL7pR4tW8z");
  });
});
