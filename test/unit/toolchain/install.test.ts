import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { install, missingParts } from "../../../toolchain/install.ts";
import { parts } from "../../../toolchain/parts.ts";
import { pulumiHome } from "../../../toolchain/paths.ts";

let directory = "";
let server: Server;
let releases = "";
let answers = true;
const lines: string[] = [];
const report = (line: string): void => {
  lines.push(line);
};

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "goimg-install-"));
  vi.stubEnv("GOIMG_CACHE", path.join(directory, "cache"));
  lines.length = 0;
  answers = true;
  const files = publish();
  server = createServer((question, answer) => {
    const file = answers ? files.get(path.basename(question.url ?? "")) : undefined;
    if (file === undefined) answer.writeHead(404).end();
    else answer.end(file);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  releases = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  vi.unstubAllEnvs();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

/** The publishers' files by name, each archive with a script in the place of every program of its release. */
function publish(): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const [archive, group] of Map.groupBy(parts, ({ release }) => release.archive)) {
    const source = path.join(directory, "source", archive, "pulumi");
    mkdirSync(source, { recursive: true });
    for (const { name } of group) writeFileSync(path.join(source, name), `#!/bin/sh\necho ${name}\n`);
    const body = execFileSync("tar", ["-cz", "-C", path.dirname(source), "pulumi"]);
    files.set(archive, body);
    const sum = createHash("sha256").update(body).digest("hex");
    for (const { release } of group) files.set(release.checksums, Buffer.from(`${sum}  ${archive}\n`));
  }
  return files;
}

const home = (...names: readonly string[]): string => path.join(pulumiHome(), ...names);

test("puts every program where Pulumi, its npm package and the engine look for it", async () => {
  await install({ report, releases });
  for (const { name, targets } of parts) {
    for (const target of targets) expect(execFileSync(home(target)).toString()).toBe(`${name}\n`);
  }
  expect(existsSync(home("bin", "pulumi"))).toBe(true);
  expect(readdirSync(home("plugins")).sort()).toEqual([
    "resource-docker-v5.2.0",
    "resource-random-v4.21.2",
    "resource-tls-v5.6.1",
  ]);
  expect(missingParts()).toEqual([]);
});

test("does nothing the second time, and does not ask the network", async () => {
  await install({ report, releases });
  answers = false;
  lines.length = 0;
  const before = statSync(home("bin", "pulumi")).ino;
  await install({ report, releases });
  expect(lines).toEqual([]);
  expect(statSync(home("bin", "pulumi")).ino).toBe(before);
});

test("gets again what was lost or is of another version, and that alone", async () => {
  await install({ report, releases });
  unlinkSync(home("plugins", "resource-tls-v5.6.1", "pulumi-resource-tls"));
  writeFileSync(path.join(directory, "cache", "installed", "pulumi-resource-random"), "of another version");
  for (const name of ["pulumi-resource-random", "pulumi-resource-tls"])
    rmSync(path.join(directory, "cache", "parts", name), { recursive: true });
  expect(missingParts().map(({ name }) => name)).toEqual(["pulumi-resource-random", "pulumi-resource-tls"]);
  lines.length = 0;
  await install({ report, releases });
  expect(lines.map((line) => line.split(" ")[0]).sort()).toEqual(["pulumi-resource-random", "pulumi-resource-tls"]);
  expect(missingParts()).toEqual([]);
});

test("goes back to a program that it had, without getting it again", async () => {
  await install({ report, releases });
  answers = false;
  writeFileSync(path.join(directory, "cache", "installed", "pulumi"), "of another branch");
  unlinkSync(home("bin", "pulumi"));
  lines.length = 0;
  await install({ report, releases });
  expect(lines).toEqual([]);
  expect(execFileSync(home("bin", "pulumi")).toString()).toBe("pulumi\n");
});

test("goes on after a run that was killed, without its leftovers", async () => {
  const leftover = path.join(directory, "cache", "installing", "half-a-program");
  mkdirSync(path.dirname(leftover), { recursive: true });
  writeFileSync(leftover, "half");
  await install({ report, releases });
  expect(existsSync(leftover)).toBe(false);
  expect(missingParts()).toEqual([]);
});

test("two runs at once do the work once", async () => {
  await Promise.all([install({ report, releases }), install({ report, releases })]);
  expect(lines.filter((line) => line.endsWith("downloaded"))).toHaveLength(parts.length);
  expect(missingParts()).toEqual([]);
});

test("says all at once what the machine lacks to build, and installs nothing", async () => {
  answers = false;
  const tools = path.join(directory, "bin");
  mkdirSync(tools);
  // A machine with what locks need, without Go, docker, sudo and apt.
  for (const name of ["flock", "sh"])
    execFileSync("ln", ["-s", execFileSync("which", [name]).toString().trim(), tools]);
  vi.stubEnv("PATH", tools);
  vi.stubEnv("DOCKER_HOST", "unix:///nowhere/docker.sock");
  const failure = install({ report, releases });
  await expect(failure).rejects.toThrow(/- Go is missing.*install Go 1\.\d+/s);
  await expect(failure).rejects.toThrow(
    /- no Docker Engine answers at DOCKER_HOST \(unix:\/\/\/nowhere\/docker\.sock\)/,
  );
  expect(missingParts()).toHaveLength(parts.length);
});
