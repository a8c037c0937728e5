import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { carriedFrom, cronLine, unitsOf, type ScheduleOptions } from "../../../cli/schedule/units.ts";
import { run, type RunResult } from "../../../toolchain/process.ts";
import { fakeServer } from "../../fakes/http.ts";

const main = path.resolve(import.meta.dirname, "../../../cli/main.ts");

const options: ScheduleOptions = {
  stack: "prod",
  at: "Mon..Fri 03:00",
  node: "/opt/node/bin/node",
  script: "/srv/goimg secrets/cli/main.ts",
  project: "/srv/goimg secrets",
  grace: "24h",
  tries: 5,
  alertFile: "/etc/goimg/webhook",
  environment: { DOCKER_HOST: "unix:///run/docker.sock", HOME: "/root", ODD: 'a "b" 100% $c' },
};

const contentOf = (kind: string, own: Partial<ScheduleOptions> = {}): string =>
  unitsOf({ ...options, ...own }).find(({ name }) => name.endsWith(kind))?.content ?? "";

describe("the units", () => {
  test("run what is due, catch up after the machine was off, and never twice at once", () => {
    const service = contentOf(".service");
    expect(service).toContain(
      'ExecStart=/opt/node/bin/node "/srv/goimg secrets/cli/main.ts" rotate --due --stack prod --grace 24h --tries 5 --reason scheduled --alert-file /etc/goimg/webhook\n',
    );
    expect(service).toContain("Type=oneshot\n");
    expect(service).toContain("WorkingDirectory=/srv/goimg secrets\n");
    const timer = contentOf(".timer");
    expect(timer).toContain("OnCalendar=Mon..Fri 03:00\n");
    expect(timer).toContain("Persistent=yes\n");
  });

  test("carry settings as systemd reads them", () => {
    expect(contentOf(".service")).toContain('Environment="ODD=a \\"b\\" 100%% $$c"\n');
    expect(contentOf(".service")).toContain("Environment=DOCKER_HOST=unix:///run/docker.sock\n");
  });

  test("tell the webhook when the run was killed, where there is one", () => {
    expect(contentOf(".service")).toMatch(
      /^ExecStopPost=.* schedule alert --stack prod --alert-file \/etc\/goimg\/webhook$/m,
    );
    const { alertFile, ...quiet } = options;
    expect(contentOf(".service")).toContain(alertFile);
    expect(
      unitsOf(quiet)
        .map(({ content }) => content)
        .join(""),
    ).not.toMatch(/alert|ExecStopPost/);
  });

  test("take paths and addresses from the environment, and no value", () => {
    const environment = {
      PULUMI_CONFIG_PASSPHRASE: "x",
      DB_PASSWORD: "x",
      DOCKER_HOST: "d",
      PATH: "p",
      AWS_SECRET_ACCESS_KEY: "x",
    };
    expect(carriedFrom(environment)).toEqual({ DOCKER_HOST: "d", PATH: "p" });
  });

  test("have a line for cron in their place", () => {
    expect(cronLine({ ...options, project: "/srv/goimg", script: "/srv/goimg/cli/main.ts" })).toBe(
      "17 3 * * *  cd /srv/goimg && /opt/node/bin/node /srv/goimg/cli/main.ts rotate --due --stack prod --grace 24h --tries 5 --alert-file /etc/goimg/webhook",
    );
  });
});

describe("goimg-secrets schedule", () => {
  let directory: string;
  let units: string;
  let calls: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "goimg-schedule-"));
    units = path.join(directory, "units");
    calls = path.join(directory, "calls");
    // What systemctl does is systemd's; that it is asked for the right things is ours.
    const systemctl = path.join(directory, "systemctl");
    await writeFile(systemctl, `#!/bin/sh\nprintf '%s\\n' "$*" >> '${calls}'\n[ "$1" = fail ] && exit 1\nexit 0\n`);
    await chmod(systemctl, 0o755);
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  const schedule = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> =>
    run(process.execPath, [main, "schedule", ...args], {
      env: { ...process.env, GOIMG_UNITS: units, PATH: `${directory}:${process.env["PATH"] ?? ""}`, ...env },
    });
  const asked = async (): Promise<string> => (await readFile(calls, "utf8")).replaceAll("--user ", "");

  test("installs, shows and removes", async () => {
    const installed = await schedule(["install", "--stack", "dev", "--at", "daily"]);
    expect(installed.exitCode, installed.stderr).toBe(0);
    expect((await readdir(units)).sort()).toEqual([
      "goimg-secrets-rotate-dev.service",
      "goimg-secrets-rotate-dev.timer",
    ]);
    expect(await asked()).toMatch(/daemon-reload\nenable --now goimg-secrets-rotate-dev\.timer\n/);
    expect(await readFile(path.join(units, "goimg-secrets-rotate-dev.service"), "utf8")).toContain(
      `${main} rotate --due --stack dev`,
    );
    expect((await schedule(["show"])).exitCode).toBe(0);
    const removed = await schedule(["remove"]);
    expect(removed.exitCode).toBe(0);
    expect(await asked()).toMatch(/disable --now goimg-secrets-rotate-dev\.timer\ndaemon-reload\n$/);
    expect(await readdir(units)).toEqual([]);
    const shown = await schedule(["show"]);
    expect([shown.exitCode, shown.stdout]).toEqual([1, expect.stringContaining("nothing is scheduled")]);
  });

  test("shows what it would install, and writes nothing", async () => {
    const { exitCode, stdout } = await schedule(["install", "--dry-run"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/OnCalendar=daily[\s\S]*crontab -e/);
    await expect(readdir(units)).rejects.toThrow();
  });

  test("where there is no systemd, gives the line for cron", async () => {
    await writeFile(path.join(directory, "systemctl"), "#!/bin/sh\nexit 1\n");
    const { exitCode, stderr } = await schedule(["install"]);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/systemd does not answer here[\s\S]*rotate --due --stack dev/),
    ]);
    await expect(readdir(units)).rejects.toThrow();
  });

  test("refuses a passphrase that is only in the environment", async () => {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      GOIMG_UNITS: units,
      PULUMI_CONFIG_PASSPHRASE: "an invented passphrase",
    };
    delete env["PULUMI_CONFIG_PASSPHRASE_FILE"];
    const { exitCode, stderr } = await run(process.execPath, [main, "schedule", "install"], { env });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("PULUMI_CONFIG_PASSPHRASE_FILE")]);
    expect(stderr).not.toContain("an invented passphrase");
  });

  test.each([
    ["signal", 1],
    ["timeout", 1],
    ["exit-code", 0],
    ["success", 0],
  ])("after a run that ended by %s, tells the webhook %i times", async (result, times) => {
    await using hook = await fakeServer(() => ({ status: 200 }));
    const file = path.join(directory, "webhook");
    await writeFile(file, hook.url, { mode: 0o600 });
    const { exitCode } = await schedule(["alert", "--alert-file", file], { SERVICE_RESULT: result });
    expect(exitCode).toBe(0);
    expect(hook.seen).toHaveLength(times);
  });
});
