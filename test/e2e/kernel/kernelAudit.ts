/** The audit of this machine's kernel, for a test that may change it: there is one for all of the machine. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { auditTools, type AuditTools } from "../../../toolchain/auditd.ts";
import { run, runOrFail } from "../../../toolchain/process.ts";

/** In the foreground auditd writes records to its standard output, in the place of the log. */
const settings = (directory: string): readonly string[] => [
  "local_events = yes",
  "write_logs = yes",
  `log_file = ${path.join(directory, "audit.log")}`,
  "log_format = RAW",
  "use_libwrap = no",
  // It keeps no log, and still wants these to be in order.
  "space_left = 2",
  "admin_space_left = 1",
  ...["space_left", "admin_space_left", "disk_full", "disk_error"].map((what) => `${what}_action = IGNORE`),
];

/** An auditd of the test's own, and the kernel's rules. */
export class KernelAudit {
  #records = "";
  readonly #tools: AuditTools;
  readonly #directory: string;
  readonly #daemon: ChildProcess;

  private constructor(tools: AuditTools, directory: string, daemon: ChildProcess) {
    this.#tools = tools;
    this.#directory = directory;
    this.#daemon = daemon;
    for (const output of [daemon.stdout, daemon.stderr])
      output?.setEncoding("utf8").on("data", (text: string) => (this.#records += text));
  }

  /** @throws Error where somebody else uses the kernel's audit, or there is none */
  static async start(): Promise<KernelAudit> {
    const tools = await auditTools();
    const ask = (flag: string): Promise<string> => runOrFail(tools.auditctl, [flag], { env: tools.env });
    if (!/^pid 0$/m.test(await ask("-s")) || !(await ask("-l")).startsWith("No rules"))
      throw new Error("auditd runs on this machine, or its kernel has rules: they are not the test's to change");
    const directory = await mkdtemp(path.join(tmpdir(), "goimg-auditd-"));
    await chmod(directory, 0o750);
    await writeFile(path.join(directory, "auditd.conf"), `${settings(directory).join("\n")}\n`, { mode: 0o640 });
    const daemon = spawn(tools.auditd, ["-f", "-n", "-c", directory], {
      env: tools.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const audit = new KernelAudit(tools, directory, daemon);
    await audit
      .until((text) => text.includes("listening for events"))
      .catch(async (error: unknown) => {
        await audit.stop();
        throw error;
      });
    return audit;
  }

  /** In the place of those that were loaded before. @returns how many the kernel has now */
  async load(rules: string): Promise<number> {
    const file = path.join(this.#directory, "goimg.rules");
    await writeFile(file, rules);
    await this.#auditctl("-D");
    // It exits with 1 when one of them was refused.
    await run(this.#tools.auditctl, ["-R", file], { env: this.#tools.env });
    return (await this.#auditctl("-l")).trim().split("\n").length;
  }

  /** Records so far, as `ausearch --raw` prints them. */
  get records(): string {
    return this.#records
      .split("\n")
      .filter((line) => line.startsWith("type="))
      .join("\n");
  }

  /** Waits for what auditd writes. @throws Error after 20 s, or when it ends */
  async until(found: (text: string) => boolean): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!found(this.#records)) {
      if (this.#daemon.exitCode !== null) throw new Error(`auditd ended:\n${this.#records}`);
      if (Date.now() > deadline)
        throw new Error(`after 20 s auditd has not written it:\n${this.#records.slice(-2000)}`);
      await sleep(50);
    }
  }

  /** As it was: no rules, no auditd, nothing recorded. */
  async stop(): Promise<void> {
    await this.#auditctl("-D");
    await this.#auditctl("-e", "0");
    if (this.#daemon.exitCode === null) {
      const ended = once(this.#daemon, "exit");
      this.#daemon.kill("SIGTERM");
      await ended;
    }
    await rm(this.#directory, { recursive: true });
  }

  #auditctl(...args: readonly string[]): Promise<string> {
    return runOrFail(this.#tools.auditctl, args, { env: this.#tools.env });
  }
}
