import { Counter, Gauge, Registry } from "prom-client";
import type { Facts } from "./facts.ts";

const msPerDay = 86_400_000;
const seconds = (moment: string): number => Date.parse(moment) / 1000;

/**
 * The facts as metrics, in OpenMetrics text.
 *
 * @param facts undefined when nothing was told yet: the one metric that there is then is as old as can be
 */
export async function metricsText(facts: Facts | undefined, now: Date): Promise<string> {
  const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers: [registry] });

  gauge("goimg_facts_timestamp_seconds", "When the stack was last looked at; 0 for never.").set(
    facts === undefined ? 0 : seconds(facts.at),
  );
  if (facts === undefined) return registry.metrics();
  registry.setDefaultLabels({ stack: facts.stack });

  const info = gauge("goimg_secret_info", "What the catalog says of a secret.", [
    "secret",
    "kind",
    "strategy",
    "owner",
  ]);
  const due = gauge("goimg_secret_due_timestamp_seconds", "When the active generation is due.", ["secret"]);
  const left = gauge("goimg_secret_days_left", "Days until the active generation is due; negative when overdue.", [
    "secret",
  ]);
  const age = gauge("goimg_secret_age_days", "Days since the active generation was made.", ["secret"]);
  const active = gauge("goimg_secret_active_generation", "Number of the active generation.", ["secret"]);
  const generations = gauge("goimg_secret_generations", "Generations that are not revoked.", ["secret"]);
  const phase = gauge("goimg_secret_phase", "1 for the phase of each generation.", ["secret", "generation", "phase"]);
  const settled = gauge("goimg_secret_settled", "1 when what runs is what is declared.", ["secret"]);
  const step = gauge("goimg_secret_last_step", "1 for the last step of a rotation, and how it ended.", [
    ...(["secret", "action", "outcome"] as const),
  ]);
  const stepAt = gauge("goimg_secret_last_step_timestamp_seconds", "When the last step began or ended.", ["secret"]);
  for (const { secret, kind, strategy, owner, ...of } of facts.secrets) {
    info.set({ secret, kind, strategy, owner }, 1);
    due.set({ secret }, seconds(of.due));
    left.set({ secret }, (Date.parse(of.due) - now.getTime()) / msPerDay);
    active.set({ secret }, of.active);
    generations.set({ secret }, of.generations.length);
    settled.set({ secret }, of.settled ? 1 : 0);
    for (const { generation, phase: name, createdAt } of of.generations) {
      phase.set({ secret, generation: String(generation), phase: name }, 1);
      if (generation === of.active) age.set({ secret }, (now.getTime() - Date.parse(createdAt)) / msPerDay);
    }
    if (of.last === undefined) continue;
    step.set({ secret, action: of.last.action, outcome: of.last.outcome }, 1);
    stepAt.set({ secret }, seconds(of.last.at));
  }
  countSteps(facts, registry);
  if (facts.policies !== undefined) policies(facts.policies, gauge);
  return registry.metrics();
}

function countSteps({ steps }: Facts, registry: Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>): void {
  const counter = new Counter({
    name: "goimg_secret_steps_total",
    help: "Steps of rotations since the audit log began.",
    labelNames: ["action", "outcome"] as const,
    registers: [registry],
  });
  for (const { action, outcome, count } of steps) counter.inc({ action, outcome }, count);
}

function policies(
  { at, failed, violations }: NonNullable<Facts["policies"]>,
  gauge: <L extends string>(name: string, help: string, labelNames?: readonly L[]) => Gauge<L>,
): void {
  gauge("goimg_policy_check_timestamp_seconds", "When the policy pack last looked at this stack.").set(seconds(at));
  gauge("goimg_policy_check_failed", "1 when that check could not be done to its end.").set(failed ? 1 : 0);
  const found = gauge("goimg_policy_violations", "Violations that it found.", ["policy", "level"]);
  for (const { policy, level, count } of violations) found.set({ policy, level }, count);
}
