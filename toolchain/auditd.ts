import { globSync } from "node:fs";
import path from "node:path";
import { unpacked } from "./debianPackages.ts";
import { findCommand } from "./process.ts";

/** The kernel's audit: the daemon, the tool that loads rules, and the environment that both need. */
export interface AuditTools {
  readonly auditd: string;
  readonly auditctl: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * auditd and its tool, for a test: this machine's, else Debian's.
 *
 * @throws OperatorError where there are neither
 */
export async function auditTools(): Promise<AuditTools> {
  const [auditd, auditctl] = await Promise.all([findCommand("auditd"), findCommand("auditctl")]);
  if (auditd !== undefined && auditctl !== undefined) return { auditd, auditctl, env: process.env };
  const directory = await unpacked("auditd", ["auditd", "libauparse0", "libwrap0"], "install auditd 3.0 or newer");
  const libraries = globSync(["lib/*-linux-gnu*", "usr/lib/*-linux-gnu*"], { cwd: directory });
  return {
    auditd: path.join(directory, "sbin/auditd"),
    auditctl: path.join(directory, "sbin/auditctl"),
    env: { ...process.env, LD_LIBRARY_PATH: libraries.map((folder) => path.join(directory, folder)).join(":") },
  };
}
