import type { Facts } from "./facts.ts";

/** What the gate says of one control. Nothing passes by default: what could not be looked at was not checked. */
export type Verdict = "pass" | "fail" | "not checked";

/** What looking at a control's subject gave. Holds no value of a secret. */
export interface Examined {
  /** How many things were looked at. A control that found nothing to look at was not checked. */
  readonly looked: number;
  /** What is wrong, each with its fix; none when the control holds. */
  readonly problems: readonly string[];
  /** What was seen: names, numbers, modes, times. */
  readonly seen: Readonly<Record<string, unknown>>;
}

/** One line of the requirement, and the test of it. */
export interface Control {
  readonly id: string;
  /** `control`: of S9-PROD-001's table. `practice`: of its ten best practices. */
  readonly kind: "control" | "practice";
  /** Its place in the requirement's list, from 1. */
  readonly number: number;
  /** The requirement's own words. */
  readonly title: string;
  /** What is looked at, and how. */
  readonly how: string;
  readonly check: (facts: Facts) => Promise<Examined>;
}

/** A fact that could not be read. The control that needs it was not checked, for this reason. */
export class NotReadable extends Error {
  override readonly name = "NotReadable";
}

/** One control's outcome. */
export interface Outcome {
  readonly id: string;
  readonly kind: Control["kind"];
  readonly number: number;
  readonly title: string;
  readonly how: string;
  readonly verdict: Verdict;
  /** ISO 8601, UTC: when it was checked. */
  readonly at: string;
  readonly seconds: number;
  readonly looked: number;
  readonly problems: readonly string[];
  readonly seen: Readonly<Record<string, unknown>>;
}

/** Checks one control. Never rejects: what goes wrong on the way is the reason why it was not checked. */
export async function checkControl(control: Control, facts: Facts): Promise<Outcome> {
  const { id, kind, number, title, how } = control;
  const at = new Date().toISOString();
  const started = performance.now();
  const outcome = (verdict: Verdict, { looked, problems, seen }: Examined): Outcome => {
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    return { id, kind, number, title, how, verdict, at, seconds, looked, problems, seen };
  };
  try {
    const examined = await control.check(facts);
    if (examined.problems.length > 0) return outcome("fail", examined);
    if (examined.looked > 0) return outcome("pass", examined);
    return outcome("not checked", { ...examined, problems: ["there was nothing to look at"] });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return outcome("not checked", { looked: 0, problems: [why], seen: {} });
  }
}
