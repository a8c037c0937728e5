/** What the fake's cloud has, one file a thing, so that it outlives the plugin's process and a test can look at it. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/** A thing of the cloud. Some of them hold secrets, as they do there: the folder is the test's own. */
export type Thing = Readonly<Record<string, unknown>>;

/** Folder of the cloud, which the test names. @throws Error if it does not */
export function cloudDirectory(): string {
  const directory = process.env["GOIMG_FAKE_CLOUD"];
  if (directory === undefined) throw new Error("the fake of DigitalOcean needs GOIMG_FAKE_CLOUD, a folder of the test");
  return directory;
}

const fileOf = (type: string, id: string): string =>
  path.join(cloudDirectory(), type, `${encodeURIComponent(id)}.json`);

/** Keeps a thing. */
export async function put(type: string, id: string, thing: Thing): Promise<void> {
  await mkdir(path.join(cloudDirectory(), type), { recursive: true, mode: 0o700 });
  await writeFile(fileOf(type, id), JSON.stringify(thing), { mode: 0o600 });
}

/** A thing, or undefined. */
export async function find(type: string, id: string): Promise<Thing | undefined> {
  return readFile(fileOf(type, id), "utf8").then(
    (text) => JSON.parse(text) as Thing,
    () => undefined,
  );
}

/** All things of a type. */
export async function all(type: string): Promise<readonly Thing[]> {
  const files = await readdir(path.join(cloudDirectory(), type)).catch(() => []);
  return Promise.all(
    files.map(async (file) => JSON.parse(await readFile(path.join(cloudDirectory(), type, file), "utf8")) as Thing),
  );
}

/** Takes a thing away. */
export async function drop(type: string, id: string): Promise<void> {
  await rm(fileOf(type, id), { force: true });
}
