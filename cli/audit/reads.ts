/** Secrets that were read by a process which is no consumer of theirs, out of audit records. */
import path from "node:path";
import { auditKeys, secretsOf } from "./rules.ts";
import type { AuditEvent } from "./records.ts";

/** A service that may read a secret: who it is, and by what program it reads. */
export interface Consumer {
  readonly service: string;
  readonly uid: number;
  /** Absolute path of its program, in its own image. */
  readonly program: string;
}

/** Whom to expect. */
export interface Expected {
  /** Consumers by the file's name in the container. */
  readonly byFile: ReadonlyMap<string, readonly Consumer[]>;
  /** File names in the container by the secret's id, the name that the file has on the node. */
  readonly fileOfSecret: ReadonlyMap<string, string>;
  /** What is in the same folders and is no secret, as the engine mounts configs there: their ids, and their paths in containers. */
  readonly plain: ReadonlySet<string>;
  readonly dataRoot: string;
  /** The operator's own files, and the programs that may touch them. */
  readonly operatorFiles: readonly string[];
  readonly operatorPrograms: readonly string[];
}

/** One anomaly. Holds names and numbers, never a value. */
export interface ForeignRead {
  readonly time: Date;
  readonly serial: string;
  /** The file's name in the container, or the operator's file. */
  readonly file: string;
  readonly exe: string;
  readonly comm: string;
  readonly pid: number;
  readonly uid: number;
  readonly auid: number | undefined;
  /** An attempt that the kernel refused is one too. */
  readonly success: boolean;
  readonly why: string;
}

/** Where containers find their secrets. */
const inContainer = "/run/secrets/";

/** The engine's own programs: they mount what a task reads. */
const engine =
  /^(?:\/usr)?(?:\/local)?\/s?bin\/(?:dockerd|containerd|containerd-shim-runc-v2|runc|docker-init)$|^\/memfd:runc_cloned|^\/proc\/self\/exe$/;

/** The anomalies among some events, in their order. */
export function foreignReads(events: readonly AuditEvent[], expected: Expected): readonly ForeignRead[] {
  return events.flatMap((event) => {
    if (event.keys.includes(auditKeys.secret)) return secretRead(event, expected);
    if (event.keys.includes(auditKeys.operator)) return operatorRead(event, expected);
    return [];
  });
}

function secretRead(event: AuditEvent, expected: Expected): readonly ForeignRead[] {
  if (event.uid === 0 && engine.test(event.exe)) return [];
  const file = secretFile(event, expected);
  if (expected.plain.has(file) || expected.plain.has(path.basename(file))) return [];
  const consumers = expected.byFile.get(file) ?? [];
  const ofUser = consumers.filter(({ uid }) => uid === event.uid);
  if (ofUser.some(({ program }) => program === event.exe)) return [];
  const names = consumers.map(({ service }) => service).join(", ") || "no service";
  const why =
    ofUser.length === 0
      ? `it is read by ${names}, none of which runs as user ${event.uid}`
      : `user ${event.uid} is ${ofUser.map(({ service }) => service).join(", ")}, which reads it by ${ofUser[0]?.program ?? ""}`;
  return [found(event, file, why)];
}

/** The name in the container of the file that an event opened, however it was called. */
function secretFile({ paths, cwd }: AuditEvent, { fileOfSecret, dataRoot }: Expected): string {
  const [opened] = paths.filter(({ nametype }) => nametype !== "PARENT").slice(-1);
  const name = path.resolve(cwd ?? "/", opened?.name ?? "");
  if (name.startsWith(inContainer)) return name.slice(inContainer.length);
  const [, id] = new RegExp(`^${secretsOf(dataRoot, "[0-9a-f]{64}").replaceAll(".", "\\.")}/([^/]+)`).exec(name) ?? [];
  return (id === undefined ? undefined : fileOfSecret.get(id)) ?? name;
}

function operatorRead(event: AuditEvent, { operatorFiles, operatorPrograms }: Expected): readonly ForeignRead[] {
  if (operatorPrograms.includes(path.basename(event.exe))) return [];
  const names = event.paths.map(({ name }) => path.resolve(event.cwd ?? "/", name));
  const file = names.find((name) => operatorFiles.includes(name));
  return [found(event, file ?? names.at(-1) ?? "", `it is touched by ${operatorPrograms.join(", ")} alone`)];
}

function found(
  { time, serial, exe, comm, pid, uid, auid, success }: AuditEvent,
  file: string,
  why: string,
): ForeignRead {
  return { time, serial, file, exe, comm, pid, uid, auid, success, why };
}

/** One anomaly in a line. What an event calls itself is shown escaped: a process may give itself any name. */
export function describeRead({ time, file, exe, comm, pid, uid, auid, success, why }: ForeignRead): string {
  const who = auid === undefined ? "nobody's login" : `the login of user ${auid}`;
  const what = success ? "opened" : "tried to open";
  return `${time.toISOString()}  ${clean(comm)} (${clean(exe)}, pid ${pid}, user ${uid}, from ${who}) ${what} ${clean(file)}: ${why}`;
}

const clean = (text: string): string => JSON.stringify(text).slice(1, -1);
