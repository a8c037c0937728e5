/** Every alert fires and clears, by Prometheus' own evaluation of the rules: `promtool test rules`. Time is the test's. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { run } from "../../../toolchain/process.ts";
import { prometheusTools } from "../../../toolchain/prometheus.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const rulesFile = path.join(root, "components/observability/alerts.yaml");

/** A value, or nothing, for so many hours. */
type Stretch = readonly [value: number | undefined, hours: number];

/** What is measured, and the hours at which the alert fires or does not. */
interface Case {
  readonly series: Readonly<Record<string, readonly Stretch[]>>;
  readonly fires: readonly number[];
  readonly silent: readonly number[];
}

const secret = '{stack="dev",secret="DB_PASSWORD"}';
const step = (outcome: string): string =>
  `goimg_secret_last_step{stack="dev",secret="DB_PASSWORD",action="promote",outcome="${outcome}"}`;
const nothing = undefined;
/** A step that ended, then one of an outcome from hour 1 to 4, then one that ended again. */
const between = (outcome: string): Case["series"] => ({
  [step(outcome)]: [
    [nothing, 1],
    [1, 3],
    [nothing, 4],
  ],
  [step("done")]: [
    [1, 1],
    [nothing, 3],
    [1, 4],
  ],
});
const day = 24;
const at = (days: number): number => days * 86_400;

const cases: Readonly<Record<string, Case>> = {
  SecretDueSoon: {
    // Due on day 30; rotated on day 20.
    series: {
      [`goimg_secret_due_timestamp_seconds${secret}`]: [
        [at(30), 20 * day],
        [at(110), 10 * day],
      ],
    },
    fires: [16 * day, 20 * day - 1],
    silent: [0, 16 * day - 1, 20 * day, 30 * day - 1],
  },
  SecretOverdue: {
    series: {
      [`goimg_secret_due_timestamp_seconds${secret}`]: [
        [at(30), 35 * day],
        [at(125), day],
      ],
    },
    fires: [30 * day, 35 * day - 1],
    silent: [30 * day - 1, 35 * day],
  },
  RotationFailed: {
    series: between("failed"),
    fires: [1, 3],
    silent: [0, 5],
  },
  RotationInterrupted: {
    series: between("started"),
    fires: [2, 3],
    silent: [0, 1, 5],
  },
  RotationUnfinished: {
    series: {
      [`goimg_secret_generations${secret}`]: [
        [1, 1],
        [2, 4 * day],
        [1, day],
      ],
    },
    fires: [3 * day + 1, 4 * day],
    silent: [0, 3 * day, 4 * day + 1],
  },
  SecretNotSettled: {
    // A rotation is not settled for minutes; the second time something is wrong.
    series: {
      [`goimg_secret_settled${secret}`]: [
        [1, 1],
        [0, 0.5],
        [1, 0.5],
        [0, 3],
        [1, 2],
      ],
    },
    fires: [3, 4],
    silent: [0, 1, 2, 5],
  },
  PolicyViolated: {
    series: {
      'goimg_policy_violations{stack="dev",policy="no-plaintext-env",level="mandatory"}': [
        [nothing, 1],
        [2, 3],
        [nothing, 4],
      ],
      'goimg_policy_violations{stack="dev",policy="strength",level="advisory"}': [[5, 8]],
    },
    fires: [1, 3],
    silent: [0, 5],
  },
  PolicyCheckFailed: {
    series: {
      'goimg_policy_check_failed{stack="dev"}': [
        [0, 1],
        [1, 3],
        [0, 4],
      ],
    },
    fires: [1, 3],
    silent: [0, 4],
  },
  SecretFactsStale: {
    series: {
      'goimg_facts_timestamp_seconds{stack="dev"}': [
        [0, 3 * day],
        [at(3), day],
      ],
    },
    fires: [2 * day + 1, 3 * day - 1],
    silent: [0, 2 * day, 3 * day],
  },
  SecretMetricsMissing: {
    series: {
      'goimg_facts_timestamp_seconds{stack="dev"}': [
        [0, 1],
        [nothing, 4],
        [0, 2],
      ],
    },
    fires: [2, 4],
    silent: [0, 1, 5],
  },
};

const schema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({ alert: z.string(), annotations: z.object({ summary: z.string(), runbook: z.string() }) }),
      ),
    }),
  ),
});

let directory: string;
let promtool: string;
let rules: readonly z.infer<typeof schema>["groups"][number]["rules"][number][];
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "goimg-rules-"));
  ({ promtool } = await prometheusTools());
  rules = schema.parse(parse(await readFile(rulesFile, "utf8"))).groups.flatMap((group) => group.rules);
}, 300_000);
afterAll(async () => {
  await rm(directory, { recursive: true });
});

/** Minutes between two measurements: Prometheus forgets one after five. */
const interval = 5;

/** Prometheus' notation: `1x3` is 1 and three times more, `_x3` is nothing, three times. */
function notation(stretches: readonly Stretch[]): string {
  return stretches
    .map(([value, hours]) => [value, (hours * 60) / interval] as const)
    .map(([value, samples]) => (value === undefined ? `_x${samples}` : `${value}x${samples - 1}`))
    .join(" ");
}

/** The hours at which each alert fires: none is expected anywhere, and the tool's complaints are what is looked at. */
async function firing(): Promise<Readonly<Record<string, readonly number[]>>> {
  const tests = Object.entries(cases).map(([alertname, { series, fires, silent }]) => ({
    interval: `${interval}m`,
    input_series: Object.entries(series).map(([metric, values]) => ({ series: metric, values: notation(values) })),
    alert_rule_test: [...fires, ...silent].map((hour) => ({ alertname, eval_time: `${hour}h`, exp_alerts: [] })),
  }));
  const file = path.join(directory, "tests.json");
  await writeFile(file, JSON.stringify({ rule_files: [rulesFile], evaluation_interval: "30m", tests }));
  const { stdout, stderr } = await run(promtool, ["test", "rules", file]);
  const complaints = [...`${stdout}${stderr}`.matchAll(/alertname: (\w+), time: (\S+),/g)];
  const hours = (text: string): number =>
    [...text.matchAll(/(\d+)([wdh])/g)].reduce(
      (sum, [, n, unit]) => sum + Number(n) * { w: 168, d: 24, h: 1 }[unit as "h"],
      0,
    );
  return Object.fromEntries(
    Object.keys(cases).map((name) => [
      name,
      complaints.filter(([, alert]) => alert === name).map(([, , time = ""]) => hours(time)),
    ]),
  );
}

test("the rules are Prometheus' own", async () => {
  const { exitCode, stdout, stderr } = await run(promtool, ["check", "rules", rulesFile]);
  expect([exitCode, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(`SUCCESS: ${Object.keys(cases).length} rules found`);
});

test("every rule is tested, and has a chapter in the manual", async () => {
  expect(rules.map(({ alert }) => alert).sort()).toEqual(Object.keys(cases).sort());
  const manual = await readFile(path.join(root, "docs/expiry.md"), "utf8");
  for (const { alert, annotations } of rules) {
    expect(annotations.runbook).toBe(`docs/expiry.md#${alert.toLowerCase()}`);
    expect(manual).toContain(`\n### ${alert}\n`);
  }
});

test("each alert fires when it has to, and is silent before and after", async () => {
  const expected = Object.entries(cases).map(([name, { fires }]) => [name, fires]);
  expect(await firing()).toEqual(Object.fromEntries(expected));
});
