import { createHash } from "node:crypto";
import { homedir } from "node:os";
import path from "node:path";

/** The repository's root, absolute. */
export const projectRoot = path.resolve(import.meta.dirname, "..");

/** What took long to make and can be made again: binaries, images, engines' data. */
export function cacheDirectory(): string {
  return (
    process.env["GOIMG_CACHE"] ??
    path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "goimg-secrets")
  );
}

/** What must not be lost or read by others: Pulumi's state and its passphrase. Mode 0700. */
export function stateDirectory(): string {
  return path.join(process.env["XDG_STATE_HOME"] ?? path.join(homedir(), ".local", "state"), "goimg-secrets");
}

/** Where `make policy` leaves its last report, for the metrics. */
export function policyReportFile(): string {
  return path.join(stateDirectory(), "policies.json");
}

/** Pulumi's own home: its CLI, plugins and settings. */
export function pulumiHome(): string {
  return path.join(cacheDirectory(), "pulumi");
}

/** Eight hexadecimal digits that tell installations of this project on one machine apart. */
export function installationId(): string {
  return createHash("sha256").update(`${cacheDirectory()}\n${stateDirectory()}`).digest("hex").slice(0, 8);
}

/** Sockets and process ids of the engines. Short, as a socket's path has at most 107 bytes, and gone after a reboot, as they are. */
export function runDirectory(): string {
  return path.join("/run", `goimg-secrets-${installationId()}`);
}
