/** Who enters an engine's network, and with what. */
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { insideEngine, type Engine } from "../../../toolchain/engine.ts";
import { toolchainEnv } from "../../../toolchain/env.ts";

const engine: Engine = { name: "test", host: "unix:///run/ours.sock", owned: true, namespace: "/run/netns/ours" };
let directory = "";
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "goimg-engine-"));
  vi.stubEnv("XDG_STATE_HOME", path.join(directory, "state"));
  vi.stubEnv("GOIMG_CACHE", path.join(directory, "cache"));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

test("root enters as it is", () => {
  vi.spyOn(process, "getuid").mockReturnValue(0);
  expect(insideEngine(engine)).toEqual(["nsenter", "--net=/run/netns/ours"]);
});

test("another user enters through sudo, which would put its own PATH and HOME in the place of the user's", () => {
  vi.spyOn(process, "getuid").mockReturnValue(1000);
  const kept = [`PATH=${toolchainEnv()["PATH"] ?? ""}`, `HOME=${homedir()}`];
  const sudo = ["sudo", "--preserve-env", "--", "env", ...kept];
  expect(insideEngine(engine)).toEqual([...sudo, "nsenter", "--net=/run/netns/ours"]);
});

test("an engine on the machine's network is entered by everyone", () => {
  vi.spyOn(process, "getuid").mockReturnValue(1000);
  expect(insideEngine({ name: "dev", host: "unix:///run/ours.sock", owned: true })).toEqual([]);
});
