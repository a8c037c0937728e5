/** What is due, for cron and for a calendar: the commands as processes, against a Swarm's API that holds secrets alone. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import ICAL from "ical.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { calendarOf } from "../../../cli/calendar.ts";
import type { SecretStatus } from "../../../cli/status.ts";
import { secretNames } from "../../../components/catalog/grants.ts";
import { run, type RunResult } from "../../../toolchain/process.ts";
import { fakeSwarm } from "../../fakes/swarm.ts";

const main = path.resolve(import.meta.dirname, "../../../cli/main.ts");
const day = 86_400_000;
const daysAgo = (days: number): Date => new Date(Date.now() - days * day);

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "goimg-dates-"));
  await writeFile(path.join(directory, "Pulumi.dev.yaml"), "config: {}\n");
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const goimg = (args: readonly string[], host: string, env: NodeJS.ProcessEnv = {}): Promise<RunResult> =>
  run(process.execPath, [main, ...args], {
    env: { ...process.env, GOIMG_PROJECT: directory, GOIMG_AUDIT: directory, DOCKER_HOST: host, ...env },
  });

/** DB_PASSWORD has three months, of which `age` days are over; JWT_KEY has six, and is new. */
const swarmWith = async (age: number) =>
  fakeSwarm("dev", [
    { entry: "DB_PASSWORD", generation: 1, createdAt: daysAgo(age) },
    { entry: "JWT_PRIVATE_KEY", generation: 1, createdAt: daysAgo(1) },
  ]);

describe("status --due-in", () => {
  test.each([
    ["something is due", 70, "30d", 1, ["DB_PASSWORD"]],
    ["something is overdue", 400, "30d", 1, ["DB_PASSWORD"]],
    ["nothing is due within hours", 70, "12h", 0, []],
    ["nothing is due", 2, "30d", 0, []],
    ["all of it is, in a year", 2, "365d", 1, ["JWT_KEY", "DB_PASSWORD"]],
  ])("when %s: %i days of age, %s", async (_, age, within, exitCode, secrets) => {
    await using swarm = await swarmWith(age);
    const result = await goimg(["status", "--due-in", within, "--json"], swarm.host);
    const shown = JSON.parse(result.stdout) as readonly SecretStatus[];
    expect([result.exitCode, shown.map(({ secret }) => secret)]).toEqual([exitCode, secrets]);
  });

  test("shows a table with the date", async () => {
    await using swarm = await swarmWith(400);
    const { exitCode, stdout } = await goimg(["status", "--due-in", "30d"], swarm.host);
    expect([exitCode, stdout]).toEqual([
      1,
      expect.stringMatching(/DB_PASSWORD[\s\S]* \d{4}-\d\d-\d\d [\s\S]*d overdue/),
    ]);
  });

  test("exits with 2 when it can't tell, and on a wrong duration, and says what is wrong", async () => {
    const nobody = await goimg(["status", "--due-in", "30d"], "tcp://127.0.0.1:3");
    expect([nobody.exitCode, nobody.stdout, nobody.stderr]).toEqual([2, "", expect.stringContaining("ECONNREFUSED")]);
    const wrong = await goimg(["status", "--due-in", "30"], "tcp://127.0.0.1:3");
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('write it as "24h"')]);
    await writeFile(path.join(directory, "dev.jsonl"), "{}\n");
    await using swarm = await swarmWith(2);
    expect((await goimg(["status", "--due-in", "30d"], swarm.host)).exitCode).toBe(2);
  });
});

const statusWith = (changes: Partial<SecretStatus> = {}): SecretStatus => ({
  secret: "OAUTH_GITHUB_CLIENT_SECRET",
  strategy: "external",
  active: 2,
  generations: [
    { generation: 1, phase: "retiring", createdAt: "2025-01-01T00:00:00.000Z", ageDays: 500 },
    { generation: 2, phase: "active", createdAt: "2026-01-31T23:30:00.000Z", ageDays: 89 },
  ],
  due: "2027-01-31T23:30:00.000Z",
  inDays: 276,
  consumers: [],
  unsettled: [],
  ...changes,
});

/** What a calendar program reads, by a parser of another author. */
function read(calendar: string) {
  return new ICAL.Component(ICAL.parse(calendar) as unknown[]).getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component);
    return {
      uid: event.uid,
      sequence: event.sequence,
      stamp: String(component.getFirstPropertyValue("dtstamp")),
      date: event.startDate.toString(),
      summary: event.summary,
      description: event.description,
      alarms: component.getAllSubcomponents("valarm").map((alarm) => String(alarm.getFirstPropertyValue("trigger"))),
    };
  });
}

describe("the calendar", () => {
  test("is read as an all-day event with its identity, revision, text and reminders", () => {
    expect(read(calendarOf("a,b;c", [statusWith()]))).toEqual([
      {
        uid: "OAUTH_GITHUB_CLIENT_SECRET.a,b;c@goimg-secrets",
        sequence: 2,
        stamp: "2026-01-31T23:30:00Z",
        date: "2027-01-31",
        summary: "Rotate OAUTH_GITHUB_CLIENT_SECRET (a,b;c)",
        description:
          "Generation 2 comes to the end of its 12 months. Owner: backend.\nIts issuer gives the new value.\n" +
          "npx goimg-secrets rotate OAUTH_GITHUB_CLIENT_SECRET --stack a,b;c --value-stdin",
        alarms: ["-P30D", "-P7D", "-P1D"],
      },
    ]);
  });

  test("has lines of at most 75 bytes, each ended as RFC 5545 says, for every secret", () => {
    const calendar = calendarOf(
      "dev-ümläut",
      secretNames.map((secret) => statusWith({ secret })),
    );
    const lines = calendar.split("\r\n");
    expect(lines.pop()).toBe("");
    expect(lines.filter((line) => Buffer.byteLength(line) > 75 || line.includes("\n"))).toEqual([]);
    expect(read(calendar).map(({ summary }) => summary)).toEqual(
      secretNames.map((name) => `Rotate ${name} (dev-ümläut)`),
    );
  });

  test("moves an event and keeps its identity when its secret rotates, and is the same bytes when nothing does", () => {
    const generations = [{ generation: 3, phase: "active", createdAt: "2026-05-01T00:00:00.000Z", ageDays: 0 }];
    const later = statusWith({ active: 3, generations, due: "2027-05-01T00:00:00.000Z" });
    const [before, after] = [read(calendarOf("dev", [statusWith()])), read(calendarOf("dev", [later]))];
    expect(after[0]?.uid).toBe(before[0]?.uid);
    expect(after[0]).toMatchObject({ sequence: 3, date: "2027-05-01", stamp: "2026-05-01T00:00:00Z" });
    expect(calendarOf("dev", [statusWith({ inDays: 1 })])).toBe(calendarOf("dev", [statusWith()]));
  });

  test("goes to standard output or a file, and says the same in every time zone", async () => {
    await using swarm = await swarmWith(70);
    const printed = await goimg(["calendar"], swarm.host);
    expect(read(printed.stdout).map(({ uid }) => uid)).toEqual([
      "JWT_KEY.dev@goimg-secrets",
      "DB_PASSWORD.dev@goimg-secrets",
    ]);
    const file = path.join(directory, "due.ics");
    for (const TZ of ["Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
      const { exitCode, stdout } = await goimg(["calendar", "--out", file], swarm.host, { TZ });
      expect([exitCode, stdout, await readFile(file, "utf8")]).toEqual([0, "", printed.stdout]);
    }
    expect((await readdir(directory)).sort()).toEqual(["Pulumi.dev.yaml", "due.ics"]);
  });
});
