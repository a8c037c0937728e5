import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { toolchainEnv } from "../../../toolchain/env.ts";
import { writeRecord } from "../../../toolchain/record.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "goimg-env-"));
  vi.stubEnv("XDG_STATE_HOME", path.join(directory, "state"));
  vi.stubEnv("GOIMG_CACHE", path.join(directory, "cache"));
  for (const name of [
    "PULUMI_BACKEND_URL",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "DOCKER_HOST",
    "NODE_COMPILE_CACHE",
  ]) {
    vi.stubEnv(name, undefined);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

const mode = (file: string): number => statSync(file).mode & 0o777;

test("makes a passphrase that only its owner can read, once", () => {
  const file = toolchainEnv()["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? "";
  expect(file).toBe(path.join(directory, "state", "goimg-secrets", "passphrase"));
  expect(mode(file)).toBe(0o600);
  expect(mode(path.dirname(file))).toBe(0o700);
  const first = readFileSync(file, "utf8");
  expect(Buffer.from(first, "base64url")).toHaveLength(32);
  toolchainEnv();
  expect(readFileSync(file, "utf8")).toBe(first);
});

test("puts this project's programs first, and Pulumi's state in the state folder", () => {
  const env = toolchainEnv();
  expect(
    env["PATH"]
      ?.split(":")
      .slice(0, 2)
      .map((each) => path.basename(path.dirname(each))),
  ).toEqual(["node_modules", "pulumi"]);
  expect(env["PULUMI_HOME"]).toBe(path.join(directory, "cache", "pulumi"));
  expect(env["PULUMI_BACKEND_URL"]).toBe(`file://${path.join(directory, "state", "goimg-secrets", "backend")}`);
  expect(env).not.toHaveProperty("DOCKER_HOST");
});

test("keeps a backend and a passphrase that the user has set", () => {
  vi.stubEnv("PULUMI_BACKEND_URL", "s3://team");
  vi.stubEnv("PULUMI_CONFIG_PASSPHRASE", "of the team");
  const env = toolchainEnv();
  expect(env["PULUMI_BACKEND_URL"]).toBe("s3://team");
  expect(env).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE_FILE");
  expect(JSON.stringify(env)).not.toContain("of the team");
});

test("names the engine that this project started, unless the user has chosen one", () => {
  writeRecord("dev", { host: "unix:///run/ours.sock", owned: true, swarmCreated: true });
  expect(toolchainEnv()["DOCKER_HOST"]).toBe("unix:///run/ours.sock");
  vi.stubEnv("DOCKER_HOST", "ssh://theirs");
  expect(toolchainEnv()["DOCKER_HOST"]).toBe("ssh://theirs");
});
