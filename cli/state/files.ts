import { readdir, readFile, rm, mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { writeWhole } from "../wholeFile.ts";

/**
 * What Pulumi keeps of its stacks in a backend that it does all the work in: a folder, or a bucket. Keys are relative to the
 * backend's `.pulumi`, with slashes: `stacks/PROJECT/STACK.json`, `history/…`, `backups/…`, `locks/…`.
 */
export interface StateFiles {
  /** How the operator calls a file of it. */
  address(key: string): string;
  /** Keys of every file below a folder, sorted; none when there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Undefined when it is gone meanwhile. */
  read(key: string): Promise<Buffer | undefined>;
  /** Whole, or not at all. */
  write(key: string, content: Buffer): Promise<void>;
  remove(key: string): Promise<void>;
}

/**
 * Opens a backend's files.
 *
 * @param backend `PULUMI_BACKEND_URL`
 * @returns undefined where neither a folder nor an S3 bucket is the backend
 */
export async function openState(backend: string, env: NodeJS.ProcessEnv): Promise<StateFiles | undefined> {
  const folder = stateFolder(backend);
  if (folder !== undefined) return new FolderState(folder);
  if (!backend.startsWith("s3://")) return undefined;
  const { S3State } = await import("./s3.ts");
  return new S3State(backend, env);
}

/** Where a backend that is a folder of this machine keeps its files; undefined for any other. */
export function stateFolder(backend: string): string | undefined {
  if (!backend.startsWith("file://")) return undefined;
  return path.join(fileURLToPath(backend.replace(/\?.*$/, "")), ".pulumi");
}

/** What the folder backend writes beside a file: it describes the content that it was written for. */
const attributes = ".attrs";

class FolderState implements StateFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  address(key: string): string {
    return path.join(this.#root, key);
  }

  async list(folder: string): Promise<readonly string[]> {
    const found = await readdir(this.address(folder), { recursive: true, withFileTypes: true }).catch(() => []);
    return found
      .filter((one) => one.isFile() && !one.name.endsWith(attributes) && !one.name.endsWith(".partial"))
      .map((one) => path.relative(this.#root, path.join(one.parentPath, one.name)))
      .sort();
  }

  async read(key: string): Promise<Buffer | undefined> {
    return readFile(this.address(key)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    });
  }

  async write(key: string, content: Buffer): Promise<void> {
    const file = this.address(key);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await writeWhole(file, content, 0o600);
    await rm(file + attributes, { force: true });
  }

  async remove(key: string): Promise<void> {
    await rm(this.address(key), { force: true });
    await rm(this.address(key) + attributes, { force: true });
  }
}
