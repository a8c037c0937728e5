/** The audit on the real stack: the Swarm's events as they happen, and rules and readers for auditd. */
import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { intruder } from "./intruder.ts";
import { goimg, start } from "./rotation/command.ts";
import { sharedStack } from "./swarm.ts";

const stack = sharedStack();
const { docker } = stack;

describe("the audit", () => {
  it("has the Swarm's events as they happen", async () => {
    const following = start(stack, ["audit", "--follow"]);
    await following.said(/following the Swarm's events/);
    const remove = await intruder(stack, "gateway");
    await following.said(/1 change written \(event: service create/);
    await remove();
    await following.said(/1 change written \(event: service remove/);
    following.child.kill("SIGINT");
    expect((await following.ended).exitCode).toBe(0);
    const { stdout, exitCode } = await goimg(stack, ["audit", "--secret", "gateway"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/swarm-service observed {2}absent → gateway .*event: service create goimg-dev-intruder/);
    expect(stdout).toMatch(
      /swarm-service observed {2}gateway .* → absent {2}\(event: service remove goimg-dev-intruder/,
    );
  });

  it("watches where the engine really mounts each task's secrets, and knows who reads them", async () => {
    const { stdout, exitCode, stderr } = await goimg(stack, ["audit", "--rules"]);
    expect(exitCode, stderr).toBe(0);
    const folders = [...stdout.matchAll(/ -F dir=(\S+) -F perm=r -F key=goimg-secret$/gm)].map(
      ([, folder = ""]) => folder,
    );
    expect(folders).toHaveLength(7);
    const ids = async (list: Promise<unknown>): Promise<readonly string[]> =>
      ((await list) as readonly { readonly ID: string }[]).map(({ ID }) => ID);
    // The engine mounts a task's configs from the same folder.
    const [secrets, configs] = [new Set(await ids(docker.listSecrets())), await ids(docker.listConfigs())];
    for (const folder of folders) {
      const files = await readdir(folder);
      expect(files.some((name) => secrets.has(name))).toBe(true);
      expect(files.filter((name) => !secrets.has(name) && !configs.includes(name))).toEqual([]);
    }
    const opened = (exe: string): string =>
      [
        `type=SYSCALL msg=audit(1764115200.1:7): arch=c000003e syscall=257 success=yes exit=3 items=1 ppid=1 pid=9 auid=1000 uid=10001 comm="x" exe="${exe}" key="goimg-secret"`,
        `type=PATH msg=audit(1764115200.1:7): item=0 name="/run/secrets/SMTP_PASSWORD" nametype=NORMAL`,
      ].join("\n");
    const own = await goimg(stack, ["audit", "--reads", "-"], opened("/usr/local/bin/node"));
    expect(own, own.stderr).toMatchObject({ exitCode: 0, stdout: "1 events, 0 by others than consumers\n" });
    const foreign = await goimg(stack, ["audit", "--reads", "-"], opened("/usr/bin/cat"));
    expect(foreign.exitCode).toBe(1);
    expect(foreign.stdout).toMatch(
      /x \(\/usr\/bin\/cat, pid 9, user 10001, .*\) opened SMTP_PASSWORD: user 10001 is worker/,
    );
  });
});
