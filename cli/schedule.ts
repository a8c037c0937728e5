import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { Command } from "commander";
import { isRoot, run, runOrFail } from "../toolchain/process.ts";
import { openAlerts } from "./alerts/alerts.ts";
import { milliseconds } from "./duration.ts";
import { projectDirectory } from "./environment.ts";
import { OperatorError } from "./error.ts";
import { needsPlace } from "./place.ts";
import { carriedFrom, cronLine, unitName, unitsOf, type ScheduleOptions } from "./schedule/units.ts";
import { openStack } from "./stack.ts";
import { reportToTerminal as report } from "../toolchain/progress.ts";

interface Flags {
  readonly stack: string;
  readonly at: string;
  readonly grace: string;
  readonly tries: string;
  readonly alertFile?: string;
  readonly dryRun?: boolean;
}

/** `schedule install|show|remove|alert`: a timer of systemd that runs `rotate --due`. */
export function scheduleCommand(): Command {
  const command = new Command("schedule").description(
    "rotate what is due by a timer of systemd: the user's own, or the system's when run as root",
  );
  command
    .command("install")
    .description("write the units, and start the timer; run it again to change them")
    .option("--stack <name>", "the stack", "dev")
    .option("--at <calendar>", "when, as systemd.time(7) writes it", "daily")
    .option(
      "--grace <duration>",
      "how long an old generation stays accepted; the run after it retires it",
      duration,
      "24h",
    )
    .option("--tries <n>", "runs in all, when one fails: pauses of 1, 2, 4 … minutes", "5")
    .option("--alert-file <file>", "a file (mode 0600) of webhooks and mail addresses that are told of a failure")
    .option("--dry-run", "show the units, and write nothing")
    .action(install);
  command
    .command("show")
    .description("show what is installed, when it runs next, and how it went; exits 1 when nothing is")
    .option("--stack <name>", "the stack", "dev")
    .action(async ({ stack }: { stack: string }) => show(stack));
  command
    .command("remove")
    .description("stop the timer, and remove the units")
    .option("--stack <name>", "the stack", "dev")
    .action(async ({ stack }: { stack: string }) => remove(stack));
  command
    .command("alert", { hidden: true })
    .description("what the unit runs at its end: tells the places when the run was killed, or took too long")
    .option("--stack <name>", "the stack", "dev")
    .requiredOption("--alert-file <file>", "a file (mode 0600) of webhooks and mail addresses")
    .action(async ({ stack, alertFile }: { stack: string; alertFile: string }) => alertOfDeath(stack, alertFile));
  return command;
}

async function install(flags: Flags): Promise<void> {
  const { stack, at, grace, tries, alertFile } = flags;
  refuseValueInEnvironment();
  const context = openStack(stack);
  needsPlace("schedule", context);
  await openAlerts(context, alertFile, report);
  const options: ScheduleOptions = {
    ...{ stack, at, grace, tries: Number(tries) },
    node: process.execPath,
    script: path.join(import.meta.dirname, "main.ts"),
    project: path.resolve(projectDirectory()),
    ...(alertFile === undefined ? {} : { alertFile: path.resolve(alertFile) }),
    environment: carriedFrom(process.env),
  };
  const units = unitsOf(options);
  if (flags.dryRun === true) {
    for (const { name, content } of units) process.stdout.write(`# ${path.join(directory(), name)}\n${content}\n`);
    process.stdout.write(`# where there is no systemd, in crontab -e:\n${cronLine(options)}\n`);
    return;
  }
  await needSystemd(options);
  await mkdir(directory(), { recursive: true });
  for (const { name, content } of units) await writeFile(path.join(directory(), name), content, { mode: 0o644 });
  await systemctl("daemon-reload");
  await systemctl("enable", "--now", unitName(stack, "timer"));
  process.stdout.write(`Installed: ${units.map(({ name }) => path.join(directory(), name)).join(", ")}\n`);
  if (!isRoot())
    process.stdout.write("It runs while you are logged in; to have it run always: loginctl enable-linger\n");
  await show(stack);
}

async function show(stack: string): Promise<void> {
  const timer = path.join(directory(), unitName(stack, "timer"));
  const content = await readFile(timer, "utf8").catch(() => undefined);
  if (content === undefined) {
    process.stdout.write(`nothing is scheduled for ${stack}: goimg-secrets schedule install --stack ${stack}\n`);
    process.exitCode = 1;
    return;
  }
  const { stdout } = await run("systemctl", [
    ...scope(),
    "list-timers",
    "--all",
    "--no-pager",
    unitName(stack, "timer"),
  ]);
  const status = await run("systemctl", [
    ...scope(),
    "show",
    unitName(stack, "service"),
    "--property=Result,ExecMainStatus",
  ]);
  process.stdout.write(`${timer}\n${stdout}last run: ${status.stdout.trim().replaceAll("\n", ", ") || "unknown"}\n`);
  process.stdout.write(`its output: journalctl ${isRoot() ? "" : "--user "}-u ${unitName(stack, "service")}\n`);
}

async function remove(stack: string): Promise<void> {
  const timer = unitName(stack, "timer");
  // Units that are not there are what is wanted.
  await run("systemctl", [...scope(), "disable", "--now", timer]);
  for (const kind of ["timer", "service"] as const)
    await rm(path.join(directory(), unitName(stack, kind)), { force: true });
  await run("systemctl", [...scope(), "daemon-reload"]);
  process.stdout.write(
    `nothing is scheduled for ${stack} any more; a rotation that is half done waits for: goimg-secrets rotate --due --stack ${stack}\n`,
  );
}

/** A run that ends by itself has told whom it concerns; one that was killed has not. */
async function alertOfDeath(stack: string, alertFile: string): Promise<void> {
  const result = process.env["SERVICE_RESULT"] ?? "unknown";
  if (result === "success" || result === "exit-code") return;
  const text = `rotate --due did not end by itself (${result}): the next run goes on from there; see journalctl -u ${unitName(stack, "service")}`;
  const alerts = await openAlerts(openStack(stack), alertFile, report);
  await alerts.send(text);
}

/** Where units go: the system's folder for root, the user's otherwise. */
function directory(): string {
  const own = process.env["XDG_CONFIG_HOME"] ?? path.join(homedir(), ".config");
  return process.env["GOIMG_UNITS"] ?? (isRoot() ? "/etc/systemd/system" : path.join(own, "systemd", "user"));
}

const scope = (): string[] => (isRoot() ? [] : ["--user"]);

async function systemctl(...args: readonly string[]): Promise<void> {
  await runOrFail("systemctl", [...scope(), ...args]);
}

async function needSystemd(options: ScheduleOptions): Promise<void> {
  const { exitCode } = await run("systemctl", [...scope(), "list-units", "--no-pager", "--quiet"]);
  if (exitCode === 0) return;
  throw new OperatorError(
    `systemd does not answer here; run this every day instead (crontab -e):\n${cronLine(options)}`,
  );
}

/** @throws OperatorError where the passphrase itself is in the environment: a unit file is no place for it */
function refuseValueInEnvironment(): void {
  if (
    process.env["PULUMI_CONFIG_PASSPHRASE"] === undefined ||
    process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] !== undefined
  )
    return;
  throw new OperatorError(
    "PULUMI_CONFIG_PASSPHRASE is a value, and a scheduled run can't have it: put it into a file (mode 0600), and set PULUMI_CONFIG_PASSPHRASE_FILE",
    2,
  );
}

function duration(text: string): string {
  milliseconds(text);
  return text;
}
