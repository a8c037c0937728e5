/**
 * A week of a production stack, for the dashboard to show: one secret rotated, one half way, one whose last step failed, one overdue.
 */
import { secretNames, secretSpecs, type SecretName } from "../../components/catalog/grants.ts";
import type { Facts } from "../../components/observability/facts.ts";
import { metricsText } from "../../components/observability/metrics.ts";
import { addPeriod } from "../../components/rotation/schedule.ts";
import { scrapeLabels } from "../unit/observability/scraped.ts";

const msPerDay = 86_400_000;
const historyDays = 7.5;
/** Under the five minutes for which Prometheus takes a sample for the present. */
const msBetweenSamples = 240_000;

type Step = Pick<NonNullable<Facts["secrets"][number]["last"]>, "action" | "outcome"> & {
  readonly daysAgo: number;
  readonly secret: SecretName;
  /** The phase of each generation after it. */
  readonly phases: Readonly<Record<number, string>>;
};

const steps: readonly Step[] = [
  { daysAgo: 5.2, secret: "DB_PASSWORD", action: "publish", outcome: "done", phases: { 1: "active", 2: "published" } },
  { daysAgo: 5.1, secret: "DB_PASSWORD", action: "promote", outcome: "done", phases: { 1: "retiring", 2: "active" } },
  { daysAgo: 4.1, secret: "DB_PASSWORD", action: "retire", outcome: "done", phases: { 2: "active" } },
  { daysAgo: 1.6, secret: "S3_KEY", action: "publish", outcome: "done", phases: { 1: "active", 2: "published" } },
  { daysAgo: 1.5, secret: "S3_KEY", action: "promote", outcome: "failed", phases: { 1: "active", 2: "published" } },
  { daysAgo: 0.4, secret: "GATEWAY_TLS", action: "publish", outcome: "done", phases: { 1: "active", 2: "published" } },
  { daysAgo: 0.3, secret: "GATEWAY_TLS", action: "promote", outcome: "done", phases: { 1: "retiring", 2: "active" } },
];

/** Days since the first generation was made, where that is not some part of the period. */
const firstMade: Partial<Record<SecretName, number>> = { DB_PASSWORD: 88, GATEWAY_TLS: 55, JWT_KEY: 187, S3_KEY: 175 };

/** The facts at some moment of the week that ends with `now`. */
export function factsAt(moment: Date, now: Date): Facts {
  const ago = (days: number): Date => new Date(now.getTime() - days * msPerDay);
  const done = steps.filter(({ daysAgo }) => ago(daysAgo) <= moment);
  const secrets = secretNames.map((secret, index) => {
    const { kind, strategy, owner, period } = secretSpecs[secret];
    const own = done.filter((step) => step.secret === secret);
    const [last] = own.slice(-1);
    const generations = Object.entries(last?.phases ?? { 1: "active" }).map(([generation, phase]) => {
      const made = own.find(({ phases }) => generation in phases && generation !== "1");
      const daysAgo = made?.daysAgo ?? firstMade[secret] ?? (periodDays(period, now) * (index % 9)) / 10 + 9;
      return { generation: Number(generation), phase, createdAt: ago(daysAgo).toISOString() };
    });
    const active = generations.find(({ phase }) => phase === "active") ?? generations[0];
    if (active === undefined) throw new Error(`${secret} has no generation`);
    return {
      ...{ secret, kind, strategy, owner, generations, active: active.generation },
      due: addPeriod(new Date(active.createdAt), period).toISOString(),
      settled: last?.outcome !== "failed",
      ...(last && { last: { action: last.action, outcome: last.outcome, at: ago(last.daysAgo).toISOString() } }),
    };
  });
  const counts = Map.groupBy(done, ({ action, outcome }) => `${action} ${outcome}`);
  return {
    ...{ version: 1, stack: "prod", secrets },
    at: new Date(moment.getTime() - msPerDay / 30).toISOString(),
    // The audit log is older than the week.
    steps: ["publish done", "promote done", "promote failed", "retire done"].map((name, index) => {
      const [action = "", outcome = ""] = name.split(" ");
      return { action, outcome, count: 12 - 3 * index + (counts.get(name)?.length ?? 0) };
    }),
    policies: {
      ...{ at: ago(1).toISOString(), failed: false },
      violations: [{ policy: "secret-strength", level: "advisory", count: 1 }],
    },
  };
}

const periodDays = (period: string, now: Date): number => (addPeriod(now, period).getTime() - now.getTime()) / msPerDay;

/** What Prometheus would have scraped of the exporter until now, in OpenMetrics text with times. */
export async function history(now: Date): Promise<string> {
  const own = Object.entries(scrapeLabels).map(([name, value]) => `${name}="${value}"`);
  const lines: string[] = [];
  const start = now.getTime() - historyDays * msPerDay;
  for (let time = start; time < now.getTime() - 5000; time += msBetweenSamples) {
    const moment = new Date(time);
    for (const line of (await metricsText(factsAt(moment, now), moment)).split("\n")) {
      const [, name, labels, value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) continue;
      lines.push(`${name}{${[...(labels === undefined ? [] : [labels]), ...own].join(",")}} ${value} ${time / 1000}`);
    }
  }
  return `${lines.join("\n")}\n# EOF\n`;
}
