/** The rules of `audit --rules` in a real kernel, and what `audit --reads` makes of its records. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run, runOrFail } from "../../../toolchain/process.ts";
import { goimg } from "../rotation/command.ts";
import { containers } from "../rotation/holders.ts";
import { eventually, sharedStack } from "../swarm.ts";
import { KernelAudit } from "./kernelAudit.ts";

const stack = sharedStack();
let kernel: KernelAudit;

const rules = async (): Promise<string> => (await goimg(stack, ["audit", "--rules"])).stdout;
/** Runs a command where a task of the service runs, as its user. What it prints is thrown away. */
const inTask = async (service: string, ...command: readonly string[]): Promise<void> => {
  const [container] = await containers(stack, service);
  await runOrFail("docker", ["exec", container?.Id ?? "none", ...command], { env: stack.place.env });
};
/** What is told of the records once the kernel has recorded a reading of the passphrase, after which nothing comes any more. */
const told = async (): Promise<string> => {
  const before = kernel.records;
  await runOrFail("cat", [stack.place.env["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? ""]);
  await kernel.until((text) => text.slice(before.length).includes('key="goimg-operator"'));
  return (await goimg(stack, ["audit", "--reads", "-"], kernel.records)).stdout;
};

describe("auditd's rules in this machine's kernel", () => {
  beforeAll(async () => {
    kernel = await KernelAudit.start();
  });
  afterAll(() => kernel.stop());

  it("are loaded, every one of them, also when a task has ended meanwhile", async () => {
    const text = await rules();
    const wanted = text.split("\n").filter((line) => line.startsWith("-a")).length;
    expect(wanted).toBeGreaterThan(10);
    const [first = ""] = /^-a .* -F dir=\S+/m.exec(text) ?? [];
    expect(await kernel.load(text.replace(first, `${first}-gone -F perm=r\n${first}`))).toBe(wanted);
    expect(await kernel.load(text)).toBe(wanted);
  });

  it("record who opens a task's secrets, in its container and from the node, and consumers are no anomaly", async () => {
    const read = 'require("node:fs").readFileSync("/run/secrets/DB_PASSWORD")';
    await inTask("api", "/usr/local/bin/node", "-e", read);
    expect(await told()).not.toContain("DB_PASSWORD");
    expect(kernel.records).toMatch(/exe="\/usr\/local\/bin\/node" .*key="goimg-secret"/);
    await inTask("worker", "cat", "/run/secrets/SMTP_PASSWORD");
    const [folder = ""] = /(?<=-F dir=)\S+/.exec(await rules()) ?? [];
    await run("sh", ["-c", 'cat "$0"/* >/dev/null', folder]);
    const anomalies = await told();
    expect(anomalies).toMatch(
      /cat \(\S+, pid \d+, user 10001, .*\) opened SMTP_PASSWORD: user 10001 is worker, which reads it by \/usr\/local\/bin\/node/,
    );
    expect(anomalies).toMatch(
      /cat \(\S+, pid \d+, user 0, .*\) opened [A-Z0-9_]+: it is read by .*, none of which runs as user 0/,
    );
  });

  it("record reads of the passphrase, and connections to Docker's socket", async () => {
    expect(await told()).toMatch(/cat \(\S+, pid \d+, user \d+, .*\) opened \S+\/passphrase/);
    expect(kernel.records).toMatch(/ comm="docker" .*key="goimg-docker"/);
  });

  it("see a new task's secrets only once they were written and loaded anew", async () => {
    const [old] = await containers(stack, "worker");
    await stack.docker.getContainer(old?.Id ?? "none").kill();
    const anew = async (): Promise<boolean> => {
      const [now] = await containers(stack, "worker");
      return now !== undefined && now.Id !== old?.Id && now.State.Health?.Status === "healthy";
    };
    expect(await eventually(anew, (yes) => yes)).toBe(true);
    const before = (await told()).split("opened SMTP_PASSWORD").length;
    await inTask("worker", "cat", "/run/secrets/SMTP_PASSWORD");
    expect((await told()).split("opened SMTP_PASSWORD")).toHaveLength(before);
    await kernel.load(await rules());
    await inTask("worker", "cat", "/run/secrets/SMTP_PASSWORD");
    expect((await told()).split("opened SMTP_PASSWORD")).toHaveLength(before + 1);
  });
});
