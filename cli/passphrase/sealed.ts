import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { decode } from "../state/compression.ts";
import type { StateFiles } from "../state/files.ts";
import { writeWhole } from "../wholeFile.ts";
import type { Keys } from "./keys.ts";

/** A file that holds values under a passphrase. */
export interface SealedFile {
  /** How the operator calls it. */
  readonly name: string;
  /** The stack that it is of, which may be gone. */
  readonly stack: string;
  /** Whether only the past needs it: an earlier state, or the record of an update. It may be pruned. */
  readonly past: boolean;
  read(): Promise<Buffer | undefined>;
  write(content: Buffer): Promise<void>;
  remove(): Promise<void>;
}

/** The ending of a state, as Pulumi compresses it. */
const json = String.raw`\.json(?:\.gz|\.zst)?$`;
const stateName = new RegExp(`^stacks/[^/]+/([^/]+)${json}`);

/** A file after it was looked at. */
export interface Outcome {
  readonly file: SealedFile;
  readonly moved: number;
  readonly kept: number;
  readonly unopened: number;
  /** It is compressed, and cut off. */
  readonly damaged: boolean;
}

/** Folders of Pulumi's files that hold states, in the order in which they are sealed anew: what is in use comes last. */
const folders = ["history", "backups", "goimg-kept", "stacks"] as const;

/** Everything of a project that a passphrase may protect, in the order in which it is to be sealed anew. */
export async function sealedFiles(files: StateFiles, project: string, cwd: string): Promise<readonly SealedFile[]> {
  const past: SealedFile[] = [];
  for (const folder of folders) {
    const keys = await files.list(`${folder}/${project}`);
    past.push(...keys.filter((key) => !stateName.test(key)).map((key) => inBackend(files, key, true)));
  }
  return [...past, ...(await inUse(files, project, cwd))];
}

/** Configs and states: of every stack of a project, whether it has both or one of them here. */
export async function inUse(files: StateFiles, project: string, cwd: string): Promise<readonly SealedFile[]> {
  const keys = await files.list(`stacks/${project}`);
  const states = keys.filter((key) => stateName.test(key)).map((key) => inBackend(files, key, false));
  return [...(await configs(cwd)), ...states];
}

/** The stacks that have a state here. */
export async function stacksOf(files: StateFiles, project: string): Promise<readonly string[]> {
  const keys = await files.list(`stacks/${project}`);
  return [...new Set(keys.map((key) => stateName.exec(key)?.[1]).filter((name) => name !== undefined))];
}

/** Other projects' states in the same backend. */
export async function othersStates(files: StateFiles, project: string): Promise<readonly SealedFile[]> {
  const keys = await files.list("stacks");
  return keys
    .filter((key) => !key.startsWith(`stacks/${project}/`) && new RegExp(json).test(key))
    .map((key) => inBackend(files, key, false));
}

async function configs(cwd: string): Promise<readonly SealedFile[]> {
  const names = (await readdir(cwd)).sort();
  return names.flatMap((name) => {
    const [, stack] = /^Pulumi\.(.+)\.ya?ml$/.exec(name) ?? [];
    return stack === undefined ? [] : [inFolder(path.join(cwd, name), stack)];
  });
}

/**
 * Seals a file anew where the old passphrase opens it.
 *
 * @param apply whether it is written; else it is only looked at
 */
export async function moveFile(file: SealedFile, keys: Keys, apply: boolean): Promise<Outcome> {
  const none = { file, moved: 0, kept: 0, unopened: 0, damaged: false };
  const content = await file.read();
  if (content === undefined) return none;
  let decoded;
  try {
    decoded = decode(content);
  } catch {
    return { ...none, damaged: true };
  }
  const { text, ...counts } = await keys.move(decoded.text);
  if (apply && counts.moved > 0) await file.write(decoded.encode(text));
  return { ...none, ...counts };
}

/** Learns the salts of a file. */
export async function learnFrom(file: SealedFile, keys: Keys): Promise<void> {
  const content = await file.read();
  if (content === undefined) return;
  try {
    await keys.learn(decode(content).text);
  } catch {
    // Cut off: that is said when it is its turn.
  }
}

/** `history/PROJECT/STACK/…`, `stacks/PROJECT/STACK.json.bak` … */
function stackOf(key: string): string {
  const [folder, , name = ""] = key.split("/");
  return folder === "stacks" ? name.replace(/\.json.*$/, "") : name;
}

function inBackend(files: StateFiles, key: string, past: boolean): SealedFile {
  return {
    name: files.address(key),
    stack: stackOf(key),
    past,
    read: () => files.read(key),
    write: (content) => files.write(key, content),
    remove: () => files.remove(key),
  };
}

function inFolder(file: string, stack: string): SealedFile {
  return {
    name: file,
    stack,
    past: false,
    read: () => readFile(file),
    write: (content) => writeWhole(file, content),
    remove: () => Promise.reject(new Error(`${file} is no past`)),
  };
}
