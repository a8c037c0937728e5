import path from "node:path";

/** What a timer is to run, and when. */
export interface ScheduleOptions {
  readonly stack: string;
  /** systemd's calendar expression, such as `daily` or `Mon..Fri 03:00`. */
  readonly at: string;
  /** Absolute paths of the interpreter and of the command's script. */
  readonly node: string;
  readonly script: string;
  /** Where Pulumi.yaml is; absolute. */
  readonly project: string;
  /** Grace period of each rotation, as `rotate --grace` takes it. */
  readonly grace: string;
  /** Runs in all when one fails. */
  readonly tries: number;
  /** File of the places that are told of a failure. */
  readonly alertFile?: string;
  /** Settings that the run needs: where state, passphrase file and Docker are. Never a value. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A unit file. */
export interface Unit {
  readonly name: string;
  readonly content: string;
}

/** Names of a stack's units. */
export const unitName = (stack: string, kind: "service" | "timer"): string => `goimg-secrets-rotate-${stack}.${kind}`;

/** Settings of this process that a scheduled run has to have as well. All of them are paths and addresses. */
const carried = [
  ...[
    "PULUMI_BACKEND_URL",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "DOCKER_HOST",
    "GOIMG_PROJECT",
    "GOIMG_CACHE",
    "GOIMG_AUDIT",
  ],
  ...["XDG_STATE_HOME", "XDG_CACHE_HOME", "HOME"],
] as const;

/** The settings to carry over from an environment; PATH too, as the run looks for docker and flock. */
export function carriedFrom(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    [...carried, "PATH"].flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/**
 * The units of a stack: a oneshot service that rotates what is due, and a timer that catches up after the machine was off. Two
 * runs never overlap: systemd starts a service once, and the command holds the stack's lock.
 */
export function unitsOf(options: ScheduleOptions): readonly Unit[] {
  const { stack, at, node, script, project, grace, tries, alertFile, environment } = options;
  const alert = alertFile === undefined ? [] : ["--alert-file", alertFile];
  const flags = [
    "--due",
    "--stack",
    stack,
    "--grace",
    grace,
    "--tries",
    String(tries),
    "--reason",
    "scheduled",
    ...alert,
  ];
  const killed = ["schedule", "alert", "--stack", stack, ...alert];
  const service = [
    "[Unit]",
    `Description=Rotate the due secrets of goimg-secrets' stack ${stack}`,
    "Documentation=man:systemd.service(5)",
    "After=network-online.target docker.service",
    "Wants=network-online.target",
    "",
    "[Service]",
    "Type=oneshot",
    `WorkingDirectory=${path.normalize(project).replaceAll("%", "%%")}`,
    ...Object.entries(environment).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    `ExecStart=${[node, script, "rotate", ...flags].map(quoted).join(" ")}`,
    // A run that is killed or runs out of time can't alert by itself; systemd says how it ended in $SERVICE_RESULT.
    ...(alertFile === undefined ? [] : [`ExecStopPost=${[node, script, ...killed].map(quoted).join(" ")}`]),
    "TimeoutStartSec=6h",
    // Time to finish the resource at hand; the next run goes on from there whatever happens.
    "KillSignal=SIGINT",
    "TimeoutStopSec=5min",
    "UMask=0077",
    "NoNewPrivileges=yes",
    "PrivateTmp=yes",
  ];
  const timer = [
    "[Unit]",
    `Description=When to rotate the due secrets of goimg-secrets' stack ${stack}`,
    "",
    "[Timer]",
    `OnCalendar=${at}`,
    "RandomizedDelaySec=15min",
    "Persistent=yes",
    "",
    "[Install]",
    "WantedBy=timers.target",
  ];
  return [
    { name: unitName(stack, "service"), content: `${service.join("\n")}\n` },
    { name: unitName(stack, "timer"), content: `${timer.join("\n")}\n` },
  ];
}

/** As systemd reads it (systemd.syntax(7), systemd.service(5)): quoted, `%` and `$` for themselves. */
function quoted(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w@/:.,=+-]+$/.test(text) ? text : `"${escaped}"`;
}

/** The same for a machine without systemd: one line for crontab(5). */
export function cronLine({ stack, node, script, project, grace, tries, alertFile }: ScheduleOptions): string {
  const alert = alertFile === undefined ? "" : ` --alert-file ${alertFile}`;
  return `17 3 * * *  cd ${project} && ${node} ${script} rotate --due --stack ${stack} --grace ${grace} --tries ${tries}${alert}`;
}
