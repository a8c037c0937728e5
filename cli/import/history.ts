import { spawn } from "node:child_process";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { encoders } from "./find/encodings.ts";
import type { Value } from "./find/value.ts";

const run = promisify(execFile);

/** Where git has seen a value: an object of the repository, and the commit and path that brought it in, if one did. */
export interface Sighting {
  readonly object: string;
  readonly commit: string | undefined;
  readonly path: string | undefined;
}

/** What the history of a repository holds of some values. */
export interface History {
  /** Undefined: there is no repository, and so no history. */
  readonly repository: string | undefined;
  /** By entry. */
  readonly seen: ReadonlyMap<string, Sighting>;
  /** Entries that are too short or too common to be looked for. */
  readonly unsearchable: readonly string[];
}

/** A shorter value is found everywhere by chance. */
const shortest = 6;
const largestObject = 64 * 1024 * 1024;

/**
 * Looks for values in every object that a repository holds, on any branch or none: the objects stream through this
 * process, and no value is in an argument, a file or git's hands.
 */
export async function searchHistory(folder: string, values: ReadonlyMap<string, Value>): Promise<History> {
  const repository = await run("git", ["-C", folder, "rev-parse", "--show-toplevel"]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  const searchable = [...values].filter(([, value]) => isSearchable(value.reveal()));
  const unsearchable = [...values].filter(([, value]) => !isSearchable(value.reveal())).map(([entry]) => entry);
  if (repository === undefined) return { repository, seen: new Map(), unsearchable };
  const found = await objectsWith(repository, searchable);
  const seen = new Map<string, Sighting>();
  for (const [entry, object] of found) seen.set(entry, { object, ...(await introduced(repository, object)) });
  return { repository, seen, unsearchable };
}

function isSearchable(text: string): boolean {
  return text.length >= shortest && !/^[a-z]+$/i.test(text);
}

/** The first object that holds each value. */
async function objectsWith(
  repository: string,
  values: readonly (readonly [string, Value])[],
): Promise<ReadonlyMap<string, string>> {
  const needles = values.map(([entry, value]) => ({ entry, forms: formsOf(value.reveal()) }));
  const found = new Map<string, string>();
  await eachObject(repository, (object, content) => {
    for (const { entry, forms } of needles)
      if (!found.has(entry) && forms.some((form) => content.includes(form))) found.set(entry, object);
  });
  return found;
}

/** A value as files write it: as it is, for URLs, in JSON, with its dollar signs doubled, in base64 at each offset. */
function formsOf(value: string): readonly Buffer[] {
  const texts = new Set([
    ...Object.values(encoders).map((encode) => encode(value)),
    value.replaceAll("$", "$$$$"),
    value.replace(/\n+$/, ""),
  ]);
  for (const offset of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)])
      .toString("base64")
      .replace(/=+$/, "");
    // The characters that share bits with a neighbour are left out.
    const whole = encoded.slice(
      offset === 0 ? 0 : offset + 1,
      (Buffer.byteLength(value) + offset) % 3 === 0 ? undefined : -1,
    );
    if (whole.length >= 8) texts.add(whole);
  }
  return [...texts].filter((text) => text.length >= shortest).map((text) => Buffer.from(text));
}

/** Streams the objects through `look`; trees, which hold names alone, and huge objects are left out. */
async function eachObject(repository: string, look: (object: string, content: Buffer) => void): Promise<void> {
  const git = spawn(
    "git",
    ["-C", repository, "cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer"],
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const ended = new Promise<void>((resolve, reject) => {
    git.once("error", reject);
    git.once("close", () => {
      resolve();
    });
  });
  const reader = new ObjectReader(look);
  for await (const chunk of git.stdout) reader.feed(chunk as Buffer);
  await ended;
}

/** Takes git's stream apart: `<object> <type> <size>`, a line end, the content, a line end. */
class ObjectReader {
  private readonly look: (object: string, content: Buffer) => void;
  private header = "";
  private current: { object: string; type: string; size: number; left: number; parts: Buffer[] } | undefined;

  constructor(look: (object: string, content: Buffer) => void) {
    this.look = look;
  }

  feed(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.current === undefined) {
        const end = chunk.indexOf(10, at);
        this.header += chunk.toString("latin1", at, end < 0 ? chunk.length : end);
        at = end < 0 ? chunk.length : end + 1;
        if (end >= 0) this.begin();
        continue;
      }
      const take = Math.min(this.current.left, chunk.length - at);
      if (this.wanted()) this.current.parts.push(chunk.subarray(at, at + take));
      this.current.left -= take;
      at += take;
      if (this.current.left === 0) this.end();
    }
  }

  private begin(): void {
    const [object = "", type = "", size = "0"] = this.header.split(" ");
    this.header = "";
    // The content's own line end is one byte more.
    this.current = { object, type, size: Number(size), left: Number(size) + 1, parts: [] };
  }

  private wanted(): boolean {
    return this.current !== undefined && this.current.type !== "tree" && this.current.size <= largestObject;
  }

  private end(): void {
    if (this.current !== undefined && this.wanted()) this.look(this.current.object, Buffer.concat(this.current.parts));
    this.current = undefined;
  }
}

/** The commit that brought an object in, and the path that it had. */
async function introduced(
  repository: string,
  object: string,
): Promise<{ commit: string | undefined; path: string | undefined }> {
  const nowhere = { commit: undefined, path: undefined };
  const { stdout } = await run(
    "git",
    ["-C", repository, "log", "--all", "--format=%H", "--name-only", "--diff-filter=AM", `--find-object=${object}`],
    {
      maxBuffer: 64 * 1024 * 1024,
    },
  ).catch(() => ({ stdout: "" }));
  const lines = stdout.split("\n").filter((line) => line !== "");
  const last = lines.findLastIndex((line) => /^[0-9a-f]{40,64}$/.test(line));
  if (last < 0) return nowhere;
  return { commit: lines[last], path: lines[last + 1] };
}
