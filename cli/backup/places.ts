import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { OperatorError } from "../error.ts";

/** A place that keeps backups, which are encrypted when they get there. */
export interface BackupPlace {
  /** How the operator calls a backup in it. */
  address(name: string): string;
  /** Keeps a backup: whole, or not at all. */
  put(name: string, ciphertext: Readable): Promise<void>;
  get(name: string): Promise<Readable>;
  /** Names of everything in it. */
  list(): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
}

/** Opens a folder, or `s3://bucket/prefix`. */
export async function openPlace(target: string, env: NodeJS.ProcessEnv): Promise<BackupPlace> {
  if (!target.startsWith("s3://")) return new FolderPlace(target);
  const { S3Place } = await import("./s3.ts");
  return new S3Place(target, env);
}

/** The place and the name of one backup. */
export async function locate(target: string, env: NodeJS.ProcessEnv): Promise<{ place: BackupPlace; name: string }> {
  const end = target.lastIndexOf("/");
  const folder = end < 0 ? "." : target.slice(0, end) || "/";
  return { place: await openPlace(folder, env), name: target.slice(end + 1) };
}

class FolderPlace implements BackupPlace {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  address(name: string): string {
    return path.join(this.folder, name);
  }

  async put(name: string, ciphertext: Readable): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const file = path.join(this.folder, name);
    const handle = await open(`${file}.partial`, "w", 0o600);
    try {
      for await (const chunk of ciphertext) await handle.write(chunk as Buffer);
      await handle.sync();
      await handle.close();
      await rename(`${file}.partial`, file);
    } catch (error) {
      await handle.close().catch(() => undefined);
      await rm(`${file}.partial`, { force: true });
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      throw new OperatorError(`${file} can't be written (${code}): no backup was made`);
    }
  }

  async get(name: string): Promise<Readable> {
    const file = path.join(this.folder, name);
    const info = await stat(file).catch(() => undefined);
    if (info?.isFile() !== true) throw new OperatorError(`there is no backup ${file}`, 2);
    return createReadStream(file);
  }

  async list(): Promise<readonly string[]> {
    return readdir(this.folder).catch(() => []);
  }

  async remove(name: string): Promise<void> {
    await rm(path.join(this.folder, name), { force: true });
  }
}
