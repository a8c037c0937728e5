/** What is said when an engine can't become a Swarm. The docker client is a fake that answers as the real one was seen to. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ensureSwarm } from "../../../toolchain/swarm.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "goimg-swarm-"));
  vi.stubEnv("PATH", `${directory}:${process.env["PATH"] ?? ""}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

function fakeDocker(refusal: string): void {
  const file = path.join(directory, "docker");
  const script = `#!/bin/sh\n[ "$1" = info ] && echo 'inactive false ' && exit\necho "${refusal}" >&2\nexit 1\n`;
  writeFileSync(file, script);
  chmodSync(file, 0o755);
}

test("names the other Swarm that has the port, and the way out", async () => {
  fakeDocker(
    "manager stopped: failed to listen on remote API address: listen tcp 127.0.0.1:2377: bind: address already in use",
  );
  await expect(ensureSwarm("unix:///run/ours.sock")).rejects.toThrow(
    "another Swarm of this machine has port 2377: stop its engine (make down, where it was started), or set DOCKER_HOST to it",
  );
});

test("passes on what the engine says", async () => {
  fakeDocker("no space left on device");
  await expect(ensureSwarm("unix:///run/ours.sock")).rejects.toThrow(
    "docker swarm init failed:\nno space left on device",
  );
});
