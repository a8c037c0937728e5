/** auditd: the rules' grammar, real records in each of their forms, and reads by others than consumers. */
import { describe, expect, it } from "vitest";
import { describeRead, foreignReads, type Expected } from "../../../cli/audit/reads.ts";
import { parseAuditLog } from "../../../cli/audit/records.ts";
import { auditRules, secretsOf } from "../../../cli/audit/rules.ts";

const [dataRoot, container, secretId] = ["/var/lib/docker", "ab".repeat(32), "5d0qbyzxv8r7zr1k0c5h8q3uw"];
const configId = "bsdoc2u0sfeogdwzw66noqfm9";

/** What auditctl(8) takes: a rule of system calls, with filters, one key. Checked with auditctl 3.0.9 too (docs/security/audit.md). */
const rule =
  /^-a always,exit(?: -F arch=b(?:64|32) -S connect)? -F (?:path|dir)=\/\S+(?: -F perm=[rwxa]{1,4})? -F key=goimg-(?:secret|docker|operator)$/;

describe("rules for auditd", () => {
  const watched = {
    dataRoot,
    socket: "/run/docker.sock",
    containers: [container],
    readByOperator: ["/root/state/passphrase"],
    changedByOperator: ["/root/state/audit/dev.jsonl"],
  };

  it("are of the grammar, and watch reads of each container's secrets, the socket, the passphrase and the log", () => {
    const lines = auditRules(watched)
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    // auditctl stops at the first rule that fails, and leaves out those that follow, unless it is told to go on.
    expect(lines[0]).toBe("-c");
    for (const line of lines.slice(1)) expect(line).toMatch(rule);
    expect(lines).toContain(
      `-a always,exit -F dir=${dataRoot}/containers/${container}/mounts/secrets -F perm=r -F key=goimg-secret`,
    );
    expect(lines).toContain("-a always,exit -F arch=b64 -S connect -F path=/run/docker.sock -F key=goimg-docker");
    expect(lines).toContain("-a always,exit -F path=/root/state/passphrase -F perm=rwa -F key=goimg-operator");
    expect(lines).toContain("-a always,exit -F path=/root/state/audit/dev.jsonl -F perm=wa -F key=goimg-operator");
  });

  it("are never made from a path that would be two words, or none", () => {
    for (const name of ["/root/my state/passphrase", "relative", "/x\n-D", '/x"']) {
      expect(() => auditRules({ ...watched, readByOperator: [name] })).toThrow("can't watch");
    }
  });
});

interface Said {
  readonly comm?: string;
  readonly exe?: string;
  readonly uid?: number;
  readonly auid?: number;
  readonly name?: string;
  readonly cwd?: string;
  readonly key?: string;
  readonly success?: string;
}

/** One event as the kernel writes it: the records of Red Hat's "Understanding Audit log files", with other names. */
function event(serial: number, said: Said): string {
  const { comm = '"node"', exe = '"/usr/local/bin/node"', uid = 10001, auid = 4294967295 } = said;
  const { name = '"/run/secrets/DB_PASSWORD"', cwd = '"/app"', key = '"goimg-secret"', success = "yes" } = said;
  const stamp = `msg=audit(1764115200.243:${serial})`;
  return [
    `type=SYSCALL ${stamp}: arch=c000003e syscall=257 success=${success} exit=3 a0=ffffff9c a1=7fffd19c5592 a2=0 a3=0 items=1 ppid=2686 pid=3538 auid=${auid} uid=${uid} gid=${uid} euid=${uid} suid=${uid} fsuid=${uid} egid=${uid} sgid=${uid} fsgid=${uid} tty=(none) ses=4294967295 comm=${comm} exe=${exe} subj=unconfined key=${key}`,
    `type=CWD ${stamp}:  cwd=${cwd}`,
    `type=PATH ${stamp}: item=0 name=${name} inode=3 dev=00:5a mode=0100400 ouid=${uid} ogid=${uid} rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0`,
    `type=PROCTITLE ${stamp} : proctitle=636174002F6574632F7373682F737368645F636F6E666967`,
    "",
  ].join("\n");
}

const expected: Expected = {
  byFile: new Map([
    [
      "DB_PASSWORD",
      [
        { service: "api", uid: 10001, program: "/usr/local/bin/node" },
        { service: "db-roles", uid: 10002, program: "/usr/local/bin/goimg-job" },
      ],
    ],
  ]),
  fileOfSecret: new Map([[secretId, "DB_PASSWORD"]]),
  plain: new Set([configId, "/run/goimg/manifest.json"]),
  dataRoot,
  operatorFiles: ["/root/state/passphrase"],
  operatorPrograms: ["node", "pulumi"],
};
const anomalies = (log: string): readonly string[] =>
  foreignReads(parseAuditLog(log).events, expected).map(describeRead);

describe("records of auditd", () => {
  it("are read raw, enriched, with a node's name, and with texts in hexadecimal", () => {
    const raw = event(1, { comm: "636174202D41", cwd: "2F746D702F6120622F" });
    const added = '\u001dARCH=x86_64 SYSCALL=openat AUID="unset" UID="root" comm="other"';
    const enriched = raw.replaceAll("\n", `${added}\n`);
    const named = raw.replaceAll(/^type/gm, "node=manager-1 type");
    const wanted = [
      {
        serial: "1",
        time: new Date("2025-11-26T00:00:00.243Z"),
        keys: ["goimg-secret"],
        success: true,
        pid: 3538,
        ppid: 2686,
        uid: 10001,
        auid: undefined,
        comm: "cat -A",
        exe: "/usr/local/bin/node",
        cwd: "/tmp/a b/",
        paths: [{ name: "/run/secrets/DB_PASSWORD", nametype: "NORMAL" }],
      },
    ];
    for (const log of [raw, enriched, named]) expect(parseAuditLog(log)).toEqual({ events: wanted, unreadable: 0 });
  });

  it("are put together though events interleave, and what is no record is counted", () => {
    const [first, second] = [event(1, {}).split("\n"), event(2, { uid: 7 }).split("\n")];
    const mixed = first.flatMap((line, index) => [line, second[index] ?? ""]);
    const { events, unreadable } = parseAuditLog(
      ["----", ...mixed, "time->Wed Nov 26", "type=DAEMON_START garbage"].join("\n"),
    );
    expect(events.map(({ serial, uid, paths }) => [serial, uid, paths.length])).toEqual([
      ["1", 10001, 1],
      ["2", 7, 1],
    ]);
    expect(unreadable).toBe(2);
  });

  it("may have several keys, a login, and a refusal", () => {
    const [found] = parseAuditLog(
      event(1, { key: "676F696D672D73656372657401676F696D672D646F636B6572", auid: 1000, success: "no" }),
    ).events;
    expect(found).toMatchObject({ keys: ["goimg-secret", "goimg-docker"], auid: 1000, success: false });
  });
});

describe("a read of a secret", () => {
  it("by its consumers, and by the engine that mounts it, is none to speak of", () => {
    const consumers = [
      event(1, {}),
      event(2, { uid: 10002, exe: '"/usr/local/bin/goimg-job"', comm: '"goimg-job"' }),
      event(3, { uid: 0, exe: '"/usr/bin/dockerd"', name: `"${secretsOf(dataRoot, container)}/${secretId}"` }),
      event(4, { uid: 0, exe: '"/usr/sbin/runc"' }),
      event(6, { name: '"/run/goimg/manifest.json"' }),
      event(7, { uid: 0, exe: '"/usr/bin/cat"', name: `"${secretsOf(dataRoot, container)}/${configId}"` }),
      event(5, { key: '"goimg-docker"', exe: '"/usr/bin/curl"' }),
    ];
    expect(anomalies(consumers.join(""))).toEqual([]);
  });

  it.each([
    [
      "by another program of the same user (docker exec)",
      { exe: '"/usr/bin/cat"', comm: '"cat"' },
      /cat \(\/usr\/bin\/cat, pid 3538, user 10001, from nobody's login\) opened DB_PASSWORD: user 10001 is api/,
    ],
    [
      "by another user",
      { uid: 10005 },
      /opened DB_PASSWORD: it is read by api, db-roles, none of which runs as user 10005/,
    ],
    [
      "by root on the node, by the engine's own path",
      { uid: 0, auid: 1000, exe: '"/usr/bin/cp"', name: `"${secretsOf(dataRoot, container)}/${secretId}"` },
      /from the login of user 1000\) opened DB_PASSWORD/,
    ],
    [
      "by a relative path",
      { uid: 0, exe: '"/usr/bin/cp"', name: `"${secretId}"`, cwd: `"${secretsOf(dataRoot, container)}"` },
      /opened DB_PASSWORD/,
    ],
    ["by a consumer's program under another user", { uid: 0 }, /none of which runs as user 0/],
    ["that was refused", { uid: 10005, success: "no" }, /tried to open DB_PASSWORD/],
    ["of one that nobody was granted", { name: '"/run/secrets/OTHER"' }, /opened OTHER: it is read by no service/],
    ["by an impostor of the engine", { uid: 0, exe: '"/tmp/usr/bin/dockerd"' }, /\/tmp\/usr\/bin\/dockerd/],
    [
      "of the passphrase",
      { uid: 0, key: '"goimg-operator"', exe: '"/usr/bin/less"', name: '"/root/state/passphrase"' },
      /opened \/root\/state\/passphrase: it is touched by node, pulumi alone/,
    ],
  ] as const)("%s is found", (_, said, line) => {
    const found = anomalies(event(9, {}) + event(10, said));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(line);
  });

  it("does not let a process write to the operator's terminal by its name", () => {
    const [found = ""] = anomalies(
      event(1, { comm: Buffer.from("\u001b[2Jx\n").toString("hex").toUpperCase(), uid: 5 }),
    );
    expect(found).toContain("\\u001b[2Jx\\n");
    expect(Array.from(found).every((char) => char >= " ")).toBe(true);
  });
});
