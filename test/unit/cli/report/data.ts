/** What a page is made from in tests: a rotation half done, an overdue secret, a failed control, and texts that attack the page. */
import { controls } from "../../../../cli/gate/controls/index.ts";
import { reportOf } from "../../../../cli/gate/evidence.ts";
import { checkControls } from "../../../../cli/gate/run.ts";
import type { ReportData, ReportedSecret } from "../../../../cli/report/data.ts";
import { compliant, factsFrom } from "../gate/compliant.ts";

/** A text that would run, or break out of an attribute, were it not escaped. */
export const hostile = `"><script>document.title='owned'</script><img src=x onerror="document.title='owned'">'&amp;`;

function secret(name: ReportedSecret["secret"], change: Partial<ReportedSecret> = {}): ReportedSecret {
  return {
    secret: name,
    strategy: "alternating-users",
    active: 2,
    generations: [
      { generation: 1, phase: "retiring", ageDays: 80, createdAt: "2026-11-01T00:00:00.000Z" },
      { generation: 2, phase: "active", ageDays: 10, createdAt: "2026-11-01T00:00:00.000Z" },
    ],
    due: "2027-02-14",
    inDays: 81,
    consumers: [],
    unsettled: [],
    owner: "backend",
    period: "3 months",
    feature: "PostgreSQL",
    spans: [
      { generation: 1, phase: "retiring", from: "2026-09-06T00:00:00.000Z" },
      { generation: 2, phase: "active", from: "2026-11-15T00:00:00.000Z" },
    ],
    ...change,
  };
}

/** The data of a page, with one text of the caller's in every place that is not the program's own. */
export async function dataWith(text: string): Promise<ReportData> {
  const outcomes = await checkControls(
    factsFrom({ ...compliant, repeated: [text], stacks: { others: [{ stack: text, shared: [] }], sameSalt: [] } }),
    controls,
  );
  const entry = {
    ...{ stack: text, secret: text, action: text, outcome: "done" as const, before: text, after: text, reason: text },
    ...{ seq: 1, time: "2026-11-25T10:00:00.000Z", who: text, highest: 1 },
    ...{ previous: "0".repeat(64), hash: "1".repeat(64) },
  };
  return {
    stack: text,
    at: "2026-11-25T12:00:00.000Z",
    by: text,
    secrets: [
      secret("JWT_KEY", { inDays: -4, due: "2026-11-21", unsettled: [text], feature: text, owner: text }),
      secret("DB_PASSWORD"),
      secret("S3_KEY", { inDays: 12, due: "2026-12-07" }),
    ],
    services: ["api", "gateway", text],
    cells: [
      { secret: "DB_PASSWORD", service: "api", entries: ["DB_PASSWORD"], live: [1, 2], active: 2 },
      { secret: "JWT_KEY", service: text, entries: [text], live: [2], active: 2 },
    ],
    policies: {
      checked: [{ policy: "strength", level: "mandatory", description: "Keys are long." }],
      violations: [{ policy: "strength", rule: text, level: "mandatory", message: text }],
      failure: text,
    },
    audit: { entries: 40, broken: text, tail: [entry] },
    gate: reportOf(outcomes, { stack: text, at: "2026-11-25T12:00:00.000Z", seconds: 1, commit: text }),
  };
}
