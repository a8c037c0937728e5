/**
 * Rules for auditd on a node: who opens secret files, who talks to Docker's socket, who touches the operator's own files.
 *
 * A task's secrets are on a tmpfs of its own, below the engine's data (`containers/ID/mounts/secrets`), that appears when the task
 * starts. A rule marks what is mounted when it is loaded, so that rules are written from what runs, and written anew after a deploy.
 */
import path from "node:path";

/** Keys that the records carry. */
export const auditKeys = { secret: "goimg-secret", docker: "goimg-docker", operator: "goimg-operator" } as const;

/** What is to be watched on one node. All paths are absolute. */
export interface Watched {
  /** The engine's data folder, `docker info`'s DockerRootDir. */
  readonly dataRoot: string;
  readonly socket: string;
  /** Full ids of the containers that hold secrets on this node. */
  readonly containers: readonly string[];
  /** Files that only the operator's tools read: the passphrase. */
  readonly readByOperator: readonly string[];
  /** Files that only the operator's tools change: the audit log. */
  readonly changedByOperator: readonly string[];
}

/** Where the engine mounts the secrets of a container; the file of each has the secret's id for a name. */
export function secretsOf(dataRoot: string, container: string): string {
  return path.join(dataRoot, "containers", container, "mounts", "secrets");
}

/**
 * The rules as a file for `auditctl -R` or /etc/audit/rules.d.
 *
 * @throws Error for a path with a blank or a line end, which auditd's files can't hold
 */
export function auditRules(watched: Watched): string {
  const { dataRoot, socket, containers, readByOperator, changedByOperator } = watched;
  const file = (name: string, perm: string, key: string): string =>
    `-a always,exit -F path=${word(name)} -F perm=${perm} -F key=${key}`;
  return [
    "## Written by goimg-secrets audit --rules. Write it anew after each deploy: new tasks have new folders.",
    "## A task that has ended since, and its folder with it, is no reason to leave the others unwatched.",
    "-c",
    "## Who connects to Docker's socket. A watch would not do: connecting is not opening.",
    ...["b64", "b32"].map(
      (arch) => `-a always,exit -F arch=${arch} -S connect -F path=${word(socket)} -F key=${auditKeys.docker}`,
    ),
    file(socket, "wa", auditKeys.docker),
    "## Who opens the secrets of a task, in its container or from the node.",
    ...[...containers]
      .sort()
      .map((id) => `-a always,exit -F dir=${word(secretsOf(dataRoot, id))} -F perm=r -F key=${auditKeys.secret}`),
    "## Who reads the passphrase, and who changes the audit log.",
    ...readByOperator.map((name) => file(name, "rwa", auditKeys.operator)),
    ...changedByOperator.map((name) => file(name, "wa", auditKeys.operator)),
    "",
  ].join("\n");
}

function word(name: string): string {
  if (!name.startsWith("/") || /[\s"'#\\]/.test(name))
    throw new Error(`auditd can't watch a path like this one: ${JSON.stringify(name)}`);
  return name;
}
