/** Reads the kernel's audit records as auditd writes them (raw or enriched, with or without `node=`), and puts each event together. */

/** One file that an event is about. */
export interface RecordedPath {
  readonly name: string;
  /** NORMAL for a file that was there; PARENT for its folder. */
  readonly nametype: string;
}

/** One system call, with its files. */
export interface AuditEvent {
  /** Serial number, unique between two boots. */
  readonly serial: string;
  readonly time: Date;
  readonly keys: readonly string[];
  readonly success: boolean;
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  /** The user that logged in, whatever became of the session since; undefined for a process that nobody's login began. */
  readonly auid: number | undefined;
  readonly comm: string;
  readonly exe: string;
  readonly cwd: string | undefined;
  readonly paths: readonly RecordedPath[];
}

/** What of a log could be read. */
export interface AuditRecords {
  readonly events: readonly AuditEvent[];
  /** Lines that are no record. */
  readonly unreadable: number;
}

const header = /^(?:node=\S+ )?type=(\w+) msg=audit\((\d+\.\d+):(\d+)\) ?: *(.*)$/;
/** Separates what auditd adds (names of users, of system calls) from what the kernel said. */
const enrichment = "\u001d";
/** The kernel's number for "nobody logged in". */
const unset = 4_294_967_295;

/** Reads a log, or the output of `ausearch --raw`. Never throws: a line that is no record is counted. */
export function parseAuditLog(text: string): AuditRecords {
  const groups = new Map<string, { type: string; fields: ReadonlyMap<string, string> }[]>();
  let unreadable = 0;
  for (const line of text.split("\n")) {
    if (line.trim() === "" || line === "----") continue;
    const [, type, time, serial, rest] = header.exec(line) ?? [];
    if (type === undefined || time === undefined || serial === undefined || rest === undefined) {
      unreadable += 1;
      continue;
    }
    const id = `${time}:${serial}`;
    const group = groups.get(id) ?? [];
    group.push({ type, fields: fieldsOf(rest.split(enrichment)[0] ?? "") });
    groups.set(id, group);
  }
  const events = [...groups].flatMap(([id, records]) => eventOf(id, records) ?? []);
  return { events, unreadable };
}

function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [, name = "", value = ""] of text.matchAll(/([\w-]+)=("[^"]*"|\S*)/g))
    if (!fields.has(name)) fields.set(name, value);
  return fields;
}

/** Texts are quoted, or in hexadecimal when they hold blanks, quotes or bytes that no terminal should see. */
function textOf(value: string | undefined): string {
  if (value === undefined || value === "(null)" || value === "(none)") return "";
  if (value.startsWith('"')) return value.slice(1, -1);
  return /^(?:[0-9A-F]{2})+$/.test(value) ? Buffer.from(value, "hex").toString("utf8") : value;
}

function eventOf(
  id: string,
  records: readonly { readonly type: string; readonly fields: ReadonlyMap<string, string> }[],
): AuditEvent | undefined {
  const call = records.find(({ type }) => type === "SYSCALL")?.fields;
  if (call === undefined) return undefined;
  const [time = "0", serial = "0"] = id.split(":");
  const auid = Number(call.get("auid") ?? unset);
  const cwd = records.find(({ type }) => type === "CWD")?.fields.get("cwd");
  return {
    serial,
    time: new Date(Number(time) * 1000),
    // Several keys of one rule are one text, with a byte of 1 between them.
    keys: textOf(call.get("key"))
      .split("\u0001")
      .filter((key) => key !== ""),
    success: call.get("success") === "yes",
    pid: Number(call.get("pid") ?? 0),
    ppid: Number(call.get("ppid") ?? 0),
    uid: Number(call.get("uid") ?? 0),
    auid: auid === unset || auid === -1 ? undefined : auid,
    comm: textOf(call.get("comm")),
    exe: textOf(call.get("exe")),
    cwd: cwd === undefined ? undefined : textOf(cwd),
    paths: records
      .filter(({ type }) => type === "PATH")
      .map(({ fields }) => ({ name: textOf(fields.get("name")), nametype: textOf(fields.get("nametype")) })),
  };
}
