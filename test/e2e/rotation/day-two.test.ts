/** The secrets that only restart their consumer, and the exporter that is told of it. */
import { beforeAll, describe, expect, it } from "vitest";
import { runOrFail } from "../../../toolchain/process.ts";
import { eventually, services, sharedStack } from "../swarm.ts";
import { goimg, noPauses, servicesTouched } from "./command.ts";
import { accepted, containers, valueIn } from "./holders.ts";

const stack = sharedStack();

/** What a Prometheus on the exporter's network would read. */
async function metrics(): Promise<string> {
  const [container] = await containers(stack, "metrics");
  const script = 'process.stdout.write(await (await fetch("http://127.0.0.1:9464/metrics")).text())';
  const args = [
    `--net=/proc/${container?.State.Pid ?? 0}/ns/net`,
    process.execPath,
    "--input-type=module",
    "-e",
    script,
  ];
  return runOrFail("nsenter", args);
}

/** What tells whether the exporter was touched: its service's spec, its container. */
const exporter = async (): Promise<unknown> => [
  (await services(stack.docker, stack.stack)).get("metrics"),
  (await containers(stack, "metrics")).map(({ Id }) => Id),
];

const generationOf = (text: string, secret: string): number =>
  Number(new RegExp(`^goimg_secret_active_generation\\{secret="${secret}",.*\\} (\\d+)$`, "m").exec(text)?.[1] ?? 0);

describe("the exporter", () => {
  beforeAll(async () => {
    const { exitCode, stderr } = await goimg(stack, ["metrics", "--push"]);
    expect(exitCode, stderr).toBe(0);
  });

  it("tells of every secret that the stack has, and no value", async () => {
    const text = await metrics();
    for (const secret of [
      "JWT_KEY",
      "DB_PASSWORD",
      "REDIS_PASSWORD",
      "S3_KEY",
      "GRAFANA_ADMIN_PASSWORD",
      "BACKUP_S3_KEY",
    ]) {
      expect(text).toMatch(new RegExp(`^goimg_secret_days_left\\{secret="${secret}",stack="dev"\\} [1-9]`, "m"));
      expect(text).toMatch(new RegExp(`^goimg_secret_settled\\{secret="${secret}",stack="dev"\\} 1$`, "m"));
    }
    for (const entry of ["DB_PASSWORD", "REDIS_PASSWORD", "S3_SECRET_KEY"])
      expect(text).not.toContain(await valueIn(stack, "api", entry));
  });
});

describe("GRAFANA_ADMIN_PASSWORD, redeploy", () => {
  const login = async (password: string): Promise<boolean | string> => accepted(stack, { kind: "grafana", password });

  it("is the administrator's after a rotation, the old one is refused, and the exporter is told and left alone", async () => {
    const before = await exporter();
    const old = await valueIn(stack, "grafana", "GRAFANA_ADMIN_PASSWORD");
    expect(await login(old)).toBe(true);
    const generation = generationOf(await metrics(), "GRAFANA_ADMIN_PASSWORD");
    const result = await goimg(stack, ["rotate", "GRAFANA_ADMIN_PASSWORD", ...noPauses]);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(servicesTouched(result)).toEqual(["grafana"]);
    const fresh = await valueIn(stack, "grafana", "GRAFANA_ADMIN_PASSWORD");
    expect([await login(fresh), await login(old)]).toEqual([true, "401"]);
    expect(result.stderr).not.toMatch(/the metrics stay as they were/);
    const text = await metrics();
    expect(generationOf(text, "GRAFANA_ADMIN_PASSWORD")).toBe(generation + 1);
    expect(text).toMatch(
      /^goimg_secret_last_step\{secret="GRAFANA_ADMIN_PASSWORD",action="retire",outcome="done",stack="dev"\} 1$/m,
    );
    expect(text).toMatch(/^goimg_secret_generations\{secret="GRAFANA_ADMIN_PASSWORD",stack="dev"\} 1$/m);
    expect(await exporter()).toEqual(before);
  });
});

describe("BACKUP_S3_KEY, dual-access-key", () => {
  const copy = /^database\/\d{8}T\d{6}Z\.dump$/;
  const key = async () => ({
    accessKeyId: await valueIn(stack, "backup", "BACKUP_S3_ACCESS_KEY"),
    secretAccessKey: await valueIn(stack, "backup", "BACKUP_S3_SECRET_KEY"),
  });
  const reaches = async (bucket: string, pair: Awaited<ReturnType<typeof key>>): Promise<boolean | string> =>
    accepted(stack, { kind: "s3", bucket, ...pair });
  /** What the backup's one container says of the copies that it made. */
  async function copies(): Promise<{ readonly container: string; readonly names: readonly string[] }> {
    const [container] = await containers(stack, "backup");
    const log = await stack.docker.getContainer(container?.Id ?? "none").logs({ stdout: true });
    const names = [...log.toString("utf8").matchAll(/"event":"backup\.done","name":"([^"]+)"/g)].map(
      ([, name = ""]) => name,
    );
    return { container: container?.Id ?? "none", names };
  }

  it("opens the backups' bucket and no other", async () => {
    const own = await key();
    expect([await reaches("goimg-backup", own), await reaches("goimg", own)]).toEqual([true, "403,403"]);
    const application = {
      accessKeyId: await valueIn(stack, "api", "S3_ACCESS_KEY"),
      secretAccessKey: await valueIn(stack, "api", "S3_SECRET_KEY"),
    };
    expect(await reaches("goimg-backup", application)).toBe("403,403");
  });

  it("copies the database with the new key after a rotation, and the old one is refused by every server", async () => {
    const old = await key();
    const before = await copies();
    const result = await goimg(stack, ["rotate", "BACKUP_S3_KEY", ...noPauses]);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(servicesTouched(result)).toEqual(["backup", "s3"]);
    expect(await reaches("goimg-backup", await key())).toBe(true);
    // Servers that have rolled serve for some seconds more.
    const answer = await eventually(
      () => reaches("goimg-backup", old),
      (given) => given === "403,403",
    );
    expect(answer).toBe("403,403");
    const after = await copies();
    expect(after.container).not.toBe(before.container);
    expect([before.names, after.names]).toEqual([[expect.stringMatching(copy)], [expect.stringMatching(copy)]]);
  });
});
