import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { EnvHttpProxyAgent, request } from "undici";
import { OperatorError } from "../cli/error.ts";
import { runOrFail } from "./process.ts";

/** Where a publisher puts a release's files. */
export interface Release {
  readonly repository: string;
  readonly tag: string;
  readonly archive: string;
  /** The publisher's list of SHA-256 sums, beside the archive. */
  readonly checksums: string;
}

/** Where releases are, unless a test says otherwise. */
const releases = "https://github.com";

/** How long a connection may take, in milliseconds: networks that drop packets would cost minutes otherwise. */
const connectTimeout = 3000;

/** Redirects that a release's address may take to its storage. */
const mostRedirects = 5;

/**
 * Downloads a release into a new folder and unpacks it there.
 *
 * The archive is checked against the publisher's list of sums of the same release. That finds a damaged or cut download; it
 * does not defend against a publisher who was broken into, as a sum written here would. None is written here because none
 * could be looked up where this was written.
 *
 * @returns false when the release cannot be reached or has no such file, so that a build takes its place.
 * @throws OperatorError when what was downloaded is not what the list says.
 */
export async function download(release: Release, directory: string, base: string = releases): Promise<boolean> {
  const from = `${base}/${release.repository}/releases/download/${release.tag}`;
  const archive = path.join(directory, release.archive);
  await mkdir(directory, { recursive: true });
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: connectTimeout } });
  try {
    const sums = await fetchText(`${from}/${release.checksums}`, dispatcher);
    if (sums === undefined || !(await fetchFile(`${from}/${release.archive}`, archive, dispatcher))) return false;
    await check(release, archive, sums);
  } finally {
    await dispatcher.close();
  }
  await runOrFail("tar", ["--extract", "--gzip", "--file", archive, "--directory", directory]);
  await rm(archive);
  return true;
}

async function check(release: Release, archive: string, sums: string): Promise<void> {
  const line = sums.split("\n").find((each) => each.trim().split(/\s+\*?/)[1] === release.archive);
  const expected = line?.trim().split(/\s+/)[0]?.toLowerCase();
  if (expected === undefined) {
    throw new OperatorError(
      `${release.checksums} of ${release.repository} ${release.tag} does not list ${release.archive}`,
    );
  }
  const hash = createHash("sha256");
  await pipeline(createReadStream(archive), hash);
  const actual = hash.digest("hex");
  if (actual !== expected) {
    throw new OperatorError(
      `${release.archive} was changed on its way: its SHA-256 is ${actual}, its publisher says ${expected}; nothing was installed`,
    );
  }
}

type Body = Awaited<ReturnType<typeof request>>["body"];

async function get(url: string, dispatcher: EnvHttpProxyAgent): Promise<Body | undefined> {
  let address = url;
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const answer = await request(address, { dispatcher }).catch(() => undefined);
    if (answer === undefined || answer.statusCode === 200) return answer?.body;
    await answer.body.dump();
    const { location } = answer.headers;
    if (answer.statusCode < 300 || answer.statusCode >= 400 || typeof location !== "string") return undefined;
    address = new URL(location, address).href;
  }
  return undefined;
}

async function fetchText(url: string, dispatcher: EnvHttpProxyAgent): Promise<string | undefined> {
  return (await get(url, dispatcher))?.text();
}

async function fetchFile(url: string, file: string, dispatcher: EnvHttpProxyAgent): Promise<boolean> {
  const body = await get(url, dispatcher);
  if (body === undefined) return false;
  try {
    await pipeline(body, createWriteStream(file));
    return true;
  } catch {
    // The connection broke: a build takes the download's place.
    await rm(file, { force: true });
    return false;
  }
}
