/**
 * The provider `docker`: files that Swarm (or Kubernetes) mounts into the container. Swarm mounts plain files on a
 * tmpfs; Kubernetes mounts links into a hidden folder of the same directory (`DB_PASSWORD → ..data/DB_PASSWORD`).
 *
 * Rules for a file, all on the opened handle, so that nothing can be swapped between the check and the read:
 * - what a link leads to lies inside the directory, and is a regular file;
 * - mode exactly 0400: the owner reads, nobody else does, nobody writes or executes. A file that its own service could
 *   write would let a break-in change it for the next start; Swarm and Kubernetes both set 0400 when asked to;
 * - it belongs to the user that this process runs as (so the secret was mounted for this service, not for another);
 * - at most 511,999 bytes, Swarm's own limit.
 *
 * Anything else in the directory that is not in the manifest is an error (`not-granted`): the mount list and the
 * manifest come from one grant, so an extra file is a grant that nobody reviewed. Not looked at: names that start with
 * a dot (Kubernetes' `..data`) and folders whose name is not that of a secret (`kubernetes.io`, `rhsm`).
 */
import { constants, type Stats } from "node:fs";
import { open, readdir, realpath, type FileHandle } from "node:fs/promises";
import { join, sep } from "node:path";
import type { SecretProvider } from "./provider.ts";
import { ProviderError } from "./providerError.ts";

/** Swarm's limit of a secret, in bytes. */
export const MAX_BYTES = 511_999;

export interface DockerProviderOptions {
  readonly directory: string;
  /** Owner that files must have; the process's effective user by default. */
  readonly uid?: number;
}

export function dockerProvider(options: DockerProviderOptions): SecretProvider {
  const uid = options.uid ?? process.geteuid?.();
  return {
    name: "docker",
    allowedInProduction: true,
    async read(fileName) {
      const path = await resolveInside(options.directory, fileName);
      // O_NOFOLLOW: the path is already resolved. O_NONBLOCK: a pipe in place of the file must not hang the start.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const handle = await open(path, flags).catch((error: unknown) => {
        throw fromErrno(error, fileName);
      });
      try {
        assertAcceptable(await handle.stat(), fileName, uid);
        return await readBounded(handle, fileName);
      } finally {
        await handle.close();
      }
    },
    async list() {
      const found = await readdir(options.directory, { withFileTypes: true }).catch(() => []);
      return found
        .filter((f) => !f.name.startsWith(".") && (!f.isDirectory() || /^[A-Z][A-Z0-9_]*(\.\d+)?$/.test(f.name)))
        .map((f) => f.name)
        .sort();
    },
  };
}

async function resolveInside(directory: string, fileName: string): Promise<string> {
  try {
    const root = await realpath(directory);
    const path = await realpath(join(root, fileName));
    if (path.startsWith(root + sep)) return path;
  } catch (error) {
    throw fromErrno(error, fileName);
  }
  throw new ProviderError(
    "symlink-outside",
    `is a link that leaves the secrets directory; mount the file itself as ${fileName}`,
  );
}

function assertAcceptable(stat: Stats, fileName: string, uid: number | undefined): void {
  if (!stat.isFile()) {
    throw new ProviderError("not-a-file", `is not a regular file; mount the secret as the file ${fileName}`);
  }
  const mode = stat.mode & 0o7777;
  if ((mode & 0o400) === 0) {
    throw new ProviderError("unreadable", "can't be read by its owner; mount it with mode 0400");
  }
  if (mode !== 0o400) {
    throw new ProviderError("mode-too-open", `has mode ${mode.toString(8).padStart(4, "0")}; mount it with mode 0400`);
  }
  if (uid !== undefined && stat.uid !== uid) {
    throw new ProviderError("wrong-owner", `belongs to user ${stat.uid}, not ${uid}; mount it with uid ${uid}`);
  }
  if (stat.size > MAX_BYTES) throw tooLarge();
}

async function readBounded(handle: FileHandle, fileName: string): Promise<Buffer> {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null).catch((error: unknown) => {
      throw fromErrno(error, fileName);
    });
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (length > MAX_BYTES) throw tooLarge();
  const value = Buffer.from(buffer.subarray(0, length));
  buffer.fill(0);
  return value;
}

function tooLarge(): ProviderError {
  return new ProviderError("too-large", `is larger than ${MAX_BYTES} bytes; store the secret alone in its file`);
}

function fromErrno(error: unknown, fileName: string): ProviderError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new ProviderError("missing", `is not there; mount the secret as ${fileName}`);
  }
  if (code === "EISDIR") return new ProviderError("not-a-file", "is not a regular file; mount the secret as a file");
  if (code === "ENXIO") return new ProviderError("not-a-file", "is a socket or device; mount the secret as a file");
  return new ProviderError("unreadable", `can't be read (${code}); mount it with mode 0400 for the service's user`);
}
