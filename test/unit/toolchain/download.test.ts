import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { download, type Release } from "../../../toolchain/download.ts";

const release: Release = { repository: "them/it", tag: "v1", archive: "it.tar.gz", checksums: "sums.txt" };
const prefix = "/them/it/releases/download/v1";

let directory = "";
let server: Server;
let base = "";
/** Answers by path: a body, or where to go instead. */
let files: Record<string, Buffer | { readonly location: string }> = {};

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "goimg-download-"));
  files = {};
  server = createServer((question, answer) => {
    const file = files[question.url ?? ""];
    if (file === undefined) answer.writeHead(404).end("nothing here");
    else if (Buffer.isBuffer(file)) answer.end(file);
    else answer.writeHead(302, file).end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

function archive(): Buffer {
  const folder = path.join(directory, "source", "it");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "program"), "#!/bin/sh\n");
  return execFileSync("tar", ["-cz", "-C", path.join(directory, "source"), "it"]);
}

function publish(body: Buffer, sum = createHash("sha256").update(body).digest("hex")): void {
  files[`${prefix}/it.tar.gz`] = { location: "/storage/1" };
  files["/storage/1"] = body;
  files[`${prefix}/sums.txt`] = Buffer.from(`${"0".repeat(64)}  other.tar.gz\n${sum}  it.tar.gz\n`);
}

const target = (): string => path.join(directory, "target");

test("unpacks what its publisher's list confirms", async () => {
  publish(archive());
  expect(await download(release, target(), base)).toBe(true);
  expect(readFileSync(path.join(target(), "it", "program"), "utf8")).toBe("#!/bin/sh\n");
  expect(existsSync(path.join(target(), "it.tar.gz"))).toBe(false);
});

test("refuses what its publisher's list does not confirm", async () => {
  publish(archive(), "1".repeat(64));
  await expect(download(release, target(), base)).rejects.toThrow(/it\.tar\.gz was changed on its way/);
  expect(existsSync(path.join(target(), "it"))).toBe(false);
});

test("refuses what its publisher's list does not name", async () => {
  publish(archive());
  files[`${prefix}/sums.txt`] = Buffer.from(`${"0".repeat(64)}  other.tar.gz\n`);
  await expect(download(release, target(), base)).rejects.toThrow(/does not list it\.tar\.gz/);
});

test("leaves it to a build when there is no such release, or no list to check it with", async () => {
  expect(await download(release, target(), base)).toBe(false);
  publish(archive());
  files = { [`${prefix}/it.tar.gz`]: files["/storage/1"] ?? Buffer.alloc(0) };
  expect(await download(release, target(), base)).toBe(false);
});

test("leaves it to a build when the publisher cannot be reached", async () => {
  expect(await download(release, target(), "http://127.0.0.1:9")).toBe(false);
  expect(await download(release, target(), "http://nowhere.invalid")).toBe(false);
});

test("leaves it to a build when redirects go in circles", async () => {
  files[`${prefix}/sums.txt`] = { location: `${prefix}/sums.txt` };
  expect(await download(release, target(), base)).toBe(false);
});
