/** The exporter as the process that the stack runs, scraped by a real Prometheus; and the facts that the command makes. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { appendAudit } from "../../../cli/audit.ts";
import { readPolicies } from "../../../cli/metrics/facts.ts";
import type { Facts } from "../../../components/observability/facts.ts";
import { run } from "../../../toolchain/process.ts";
import { fakeSwarm } from "../../fakes/swarm.ts";
import { startScraped, until, type Scraped } from "./scraped.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const day = 86_400_000;
const daysAgo = (days: number): Date => new Date(Date.now() - days * day);

let scraped: Scraped;
beforeAll(async () => {
  scraped = await startScraped();
}, 300_000);
afterAll(async () => {
  await scraped[Symbol.asyncDispose]();
});

const answerSchema = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

/** What Prometheus answers to a query. */
async function query(expression: string): Promise<z.infer<typeof answerSchema>["data"]["result"]> {
  const response = await fetch(`${scraped.prometheus}/api/v1/query?query=${encodeURIComponent(expression)}`);
  if (!response.ok) throw new Error(`${expression}: ${await response.text()}`);
  return answerSchema.parse(await response.json()).data.result;
}

const facts: Facts = {
  version: 1,
  stack: "dev",
  at: new Date().toISOString(),
  secrets: [
    {
      ...{ secret: "DB_PASSWORD", kind: "password", strategy: "alternating-users", owner: "backend", active: 2 },
      due: new Date(Date.now() + 10.5 * day).toISOString(),
      generations: [
        { generation: 1, phase: "retiring", createdAt: daysAgo(170).toISOString() },
        { generation: 2, phase: "active", createdAt: daysAgo(80.5).toISOString() },
      ],
      settled: false,
      last: { action: "promote", outcome: "failed", at: daysAgo(1).toISOString() },
    },
    {
      ...{ secret: "JWT_KEY", kind: "rsaKeyPair", strategy: "dual-key", owner: "backend", active: 1 },
      due: daysAgo(2).toISOString(),
      generations: [{ generation: 1, phase: "active", createdAt: daysAgo(182).toISOString() }],
      settled: true,
    },
  ],
  steps: [
    { action: "publish", outcome: "done", count: 3 },
    { action: "promote", outcome: "failed", count: 1 },
  ],
  policies: {
    at: daysAgo(1).toISOString(),
    failed: true,
    violations: [{ policy: "strength", level: "mandatory", count: 4 }],
  },
};

const dashboard = z
  .object({
    panels: z.array(
      z.object({
        ...{ title: z.string(), type: z.string(), targets: z.array(z.object({ expr: z.string() })).min(1) },
        fieldConfig: z.object({
          defaults: z.object({ unit: z.string().optional(), color: z.object({ mode: z.string() }).optional() }),
        }),
      }),
    ),
  })
  .parse(JSON.parse(await readFile(path.join(root, "components/observability/dashboard.json"), "utf8")));

describe("the exporter", () => {
  test("that was told nothing says so, in OpenMetrics", async () => {
    const response = await fetch(`${scraped.exporter}/metrics`);
    expect(response.headers.get("content-type")).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
    const text = await response.text();
    expect(text).toMatch(/^goimg_facts_timestamp_seconds 0$/m);
    expect(text).toMatch(/# EOF\n$/);
    expect(text).not.toMatch(/goimg_secret/);
  });

  test("takes facts, and nothing else; what it had stays", async () => {
    expect((await scraped.accept(JSON.stringify(facts))).exitCode).toBe(0);
    const before = await readFile(path.join(scraped.directory, "facts.json"), "utf8");
    const [first] = facts.secrets;
    for (const wrong of ["", "{", "{}", JSON.stringify({ ...facts, secrets: [{ ...first, value: "invented" }] })]) {
      const { exitCode, stdout, stderr } = await scraped.accept(wrong);
      expect(exitCode).toBe(1);
      expect(stdout + stderr).not.toContain("invented");
    }
    expect(await readFile(path.join(scraped.directory, "facts.json"), "utf8")).toBe(before);
    expect((await readdir(scraped.directory)).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("is understood by Prometheus, and lets time pass by itself", async () => {
    await until(async () => (await query("goimg_secret_days_left")).length === 2);
    const numbers = async (expression: string): Promise<Readonly<Record<string, number>>> =>
      Object.fromEntries(
        (await query(expression)).map(({ metric, value }) => [metric["secret"] ?? "", Number(value[1])] as const),
      );
    expect(await numbers("floor(goimg_secret_days_left)")).toEqual({ DB_PASSWORD: 10, JWT_KEY: -3 });
    expect(await numbers("floor(goimg_secret_age_days)")).toEqual({ DB_PASSWORD: 80, JWT_KEY: 182 });
    expect(await numbers("floor((goimg_secret_due_timestamp_seconds - time()) / 86400)")).toEqual({
      DB_PASSWORD: 10,
      JWT_KEY: -3,
    });
    expect(await numbers("goimg_secret_generations")).toEqual({ DB_PASSWORD: 2, JWT_KEY: 1 });
    expect(await numbers("goimg_secret_active_generation")).toEqual({ DB_PASSWORD: 2, JWT_KEY: 1 });
    expect(await numbers("goimg_secret_settled")).toEqual({ DB_PASSWORD: 0, JWT_KEY: 1 });
    const labels = async (expression: string): Promise<unknown> =>
      (await query(expression)).map(({ metric, value }) => {
        const own = Object.entries(metric).filter(([name]) => !["__name__", "instance", "job"].includes(name));
        return [Object.fromEntries(own), value[1]];
      });
    expect(await labels('goimg_secret_phase{secret="DB_PASSWORD"}')).toEqual([
      [{ stack: "dev", secret: "DB_PASSWORD", generation: "1", phase: "retiring" }, "1"],
      [{ stack: "dev", secret: "DB_PASSWORD", generation: "2", phase: "active" }, "1"],
    ]);
    expect(await labels("goimg_secret_last_step")).toEqual([
      [{ stack: "dev", secret: "DB_PASSWORD", action: "promote", outcome: "failed" }, "1"],
    ]);
    expect(await labels("goimg_secret_steps_total")).toEqual([
      [{ stack: "dev", action: "promote", outcome: "failed" }, "1"],
      [{ stack: "dev", action: "publish", outcome: "done" }, "3"],
    ]);
    expect(await labels("goimg_policy_violations")).toEqual([
      [{ stack: "dev", policy: "strength", level: "mandatory" }, "4"],
    ]);
    expect(await labels("goimg_policy_check_failed")).toEqual([[{ stack: "dev" }, "1"]]);
    expect(await labels("goimg_secret_info{secret='JWT_KEY'}")).toEqual([
      [{ stack: "dev", secret: "JWT_KEY", kind: "rsaKeyPair", strategy: "dual-key", owner: "backend" }, "1"],
    ]);
    expect(await query("time() - goimg_secret_last_step_timestamp_seconds > 86000 < 90000")).toHaveLength(1);
    expect(await query("time() - goimg_policy_check_timestamp_seconds > 86000 < 90000")).toHaveLength(1);
    expect(await query("time() - goimg_facts_timestamp_seconds < 300")).toHaveLength(1);
  });

  test("has something to show in every panel of the dashboard", async () => {
    await until(async () => (await query("goimg_secret_days_left")).length === 2);
    for (const { title, targets } of dashboard.panels)
      for (const { expr } of targets) expect(await query(expr.replaceAll("$stack", "dev")), title).not.toEqual([]);
    expect(dashboard.panels.length).toBeGreaterThan(5);
  });
});

describe("the dashboard", () => {
  test("counts days in days: Grafana's unit `d` makes one week of eight", () => {
    const units = new Set(dashboard.panels.map(({ fieldConfig }) => fieldConfig.defaults.unit));
    expect(units).toEqual(new Set(["suffix:d", "none", "s", undefined]));
  });

  test("tells lines apart by colour", () => {
    const plots = dashboard.panels.filter(({ type }) => type === "timeseries");
    expect(plots.map(({ fieldConfig }) => fieldConfig.defaults.color)).toEqual(
      plots.map(() => ({ mode: "palette-classic" })),
    );
    expect(plots).toHaveLength(2);
  });
});

describe("goimg-secrets metrics", () => {
  test("shows what the audit log, the store and the last policy check say", async () => {
    const place = await mkdtemp(path.join(tmpdir(), "goimg-metrics-"));
    await writeFile(path.join(place, "Pulumi.dev.yaml"), "config: {}\n");
    const event = {
      stack: "dev",
      secret: "DB_PASSWORD",
      action: "publish",
      before: "",
      after: "",
      reason: "",
      highest: 1,
    };
    await appendAudit(
      path.join(place, "dev.jsonl"),
      [
        { ...event, outcome: "started" },
        { ...event, outcome: "failed" },
        { ...event, outcome: "started" },
      ],
      new Date(),
    );
    const report = {
      stacks: [
        {
          stack: "dev",
          violations: [
            { policy: "strength", level: "advisory" },
            { policy: "strength", level: "advisory" },
          ],
        },
      ],
    };
    const state = path.join(place, "goimg-secrets");
    await run("mkdir", [state]);
    await writeFile(path.join(state, "policies.json"), JSON.stringify(report));
    await using swarm = await fakeSwarm("dev", [{ entry: "DB_PASSWORD", generation: 1, createdAt: daysAgo(80) }]);
    const { exitCode, stdout } = await run(process.execPath, [path.join(root, "cli/main.ts"), "metrics"], {
      env: { ...process.env, GOIMG_PROJECT: place, GOIMG_AUDIT: place, XDG_STATE_HOME: place, DOCKER_HOST: swarm.host },
    });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^goimg_secret_age_days\{secret="DB_PASSWORD",stack="dev"\} 80\.0/m);
    expect(stdout).toMatch(
      /^goimg_secret_last_step\{secret="DB_PASSWORD",action="publish",outcome="started",stack="dev"\} 1$/m,
    );
    expect(stdout).toMatch(/^goimg_secret_steps_total\{action="publish",outcome="failed",stack="dev"\} 1$/m);
    expect(stdout).toMatch(/^goimg_policy_violations\{policy="strength",level="advisory",stack="dev"\} 2$/m);
    expect(await readPolicies("other", path.join(state, "policies.json"))).toBeUndefined();
    await rm(place, { recursive: true });
  });
});
