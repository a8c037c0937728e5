import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { installationId } from "../../toolchain/paths.ts";

/** The name under which the disks of this installation are mounted. */
const source = `goimg-small-disk-${installationId()}`;

/** A disk that is soon full: memory, of a size. */
export class SmallDisk {
  readonly folder = mkdtempSync(path.join(tmpdir(), "goimg-small-disk-"));

  /** @param size as mount(8) takes it, such as `256k`. */
  constructor(size: string) {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=0700`, source, this.folder]);
  }

  /** Makes room. */
  grow(size: string): void {
    execFileSync("mount", ["-o", `remount,size=${size}`, this.folder]);
  }

  remove(): void {
    execFileSync("umount", ["--lazy", this.folder]);
    rmSync(this.folder, { recursive: true });
  }
}

/** Unmounts the disks that runs which were killed have left. */
export function removeSmallDisks(): void {
  for (const line of readFileSync("/proc/mounts", "utf8").split("\n")) {
    const [device, folder] = line.split(" ");
    if (device !== source || folder === undefined) continue;
    execFileSync("umount", ["--lazy", folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}
