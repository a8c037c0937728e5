/** What the page shows, as plain data: the same as `report --json` prints. Holds no value of a secret. */
import { findSecret, secretSpecs, type SecretName } from "../../components/catalog/grants.ts";
import { rules } from "../../policies/rules.ts";
import { operator, verifyAudit, type AuditEntry } from "../audit.ts";
import { absent, auditAction } from "../audit/swarm.ts";
import { checkControls, gateOf } from "../gate/run.ts";
import type { GateReport } from "../gate/evidence.ts";
import type { Facts, PolicyViolation, ServiceFact, StoredFact } from "../gate/facts.ts";
import type { StackContext } from "../stack.ts";
import type { SecretStatus } from "../status.ts";

/** One generation's time on the line: from its making to its removal, or to now. ISO 8601. */
export interface Span {
  readonly generation: number;
  readonly phase: string;
  readonly from: string;
  /** When it was removed from the store; undefined while it is there. */
  readonly to?: string;
}

/** One secret. */
export interface ReportedSecret extends SecretStatus {
  readonly owner: string;
  readonly period: string;
  readonly feature: string;
  readonly spans: readonly Span[];
}

/** One service's share of one secret. */
export interface Cell {
  readonly secret: SecretName;
  readonly service: string;
  readonly entries: readonly string[];
  /** Generations that it mounts, and the one under the plain name. */
  readonly live: readonly number[];
  readonly active: number;
}

/** Everything that the page shows. */
export interface ReportData {
  readonly stack: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly by: string;
  readonly secrets: readonly ReportedSecret[];
  readonly services: readonly string[];
  readonly cells: readonly Cell[];
  readonly policies: {
    readonly checked: readonly { readonly policy: string; readonly level: string; readonly description: string }[];
    readonly violations: readonly PolicyViolation[];
    /** Why they could not be checked to the end. */
    readonly failure?: string;
  };
  readonly audit: {
    readonly entries: number;
    /** Where and how the chain is broken; undefined when it is intact. */
    readonly broken?: string;
    /** The last entries, the youngest first. */
    readonly tail: readonly AuditEntry[];
  };
  readonly gate: GateReport;
}

const tailLength = 25;

/** Reads a running stack. The gate is run on the same facts, unless there is evidence of it already. */
export async function reportData(
  context: StackContext,
  facts: Facts,
  now: Date,
  evidence?: GateReport,
): Promise<ReportData> {
  const started = performance.now();
  const gate = evidence ?? (await gateOf(await checkControls(facts), context.stack, now, started));
  const [status, store, services, verdict] = await Promise.all([
    facts.status(),
    facts.store(),
    facts.services(),
    verifyAudit(context.auditFile),
  ]);
  const entries = verdict.ok ? verdict.entries : [];
  return {
    stack: context.stack,
    at: now.toISOString(),
    by: operator(),
    secrets: status.map((one) => ({
      ...one,
      owner: secretSpecs[one.secret].owner,
      period: secretSpecs[one.secret].period,
      feature: secretSpecs[one.secret].feature,
      spans: spansOf(one, store, entries),
    })),
    services: services.map(({ name }) => name).sort(),
    cells: cellsOf(status, services),
    policies: await policiesOf(facts),
    audit: {
      entries: entries.length,
      ...(verdict.ok ? {} : { broken: `line ${verdict.line}: ${verdict.why}` }),
      tail: entries.slice(-tailLength).reverse(),
    },
    gate,
  };
}

/** Generations in the store, and those that the audit log saw come and go. */
export function spansOf(
  { secret, generations }: SecretStatus,
  store: readonly StoredFact[],
  entries: readonly AuditEntry[],
): readonly Span[] {
  const spans = new Map<number, Span>();
  for (const { entry, generation, createdAt } of store) {
    if (findSecret(entry) !== secret) continue;
    const phase = generations.find((one) => one.generation === generation)?.phase ?? "staged";
    spans.set(generation, { generation, phase, from: createdAt.toISOString() });
  }
  const made = new Map<number, string>();
  for (const { action, secret: of, before, after, time } of entries) {
    if (action !== auditAction.secret || of !== secret) continue;
    const generation = Number(/-g(\d+) /.exec(after === absent ? before : after)?.[1] ?? 0);
    if (after !== absent) made.set(generation, made.get(generation) ?? time);
    else if (!spans.has(generation)) {
      spans.set(generation, { generation, phase: "revoked", from: made.get(generation) ?? time, to: time });
    }
  }
  return [...spans.values()].sort((a, b) => a.generation - b.generation);
}

function cellsOf(status: readonly SecretStatus[], services: readonly ServiceFact[]): readonly Cell[] {
  return status.flatMap(({ secret }) =>
    services.flatMap(({ name, mounts }) => {
      const held = mounts.filter(({ entry }) => entry !== undefined && findSecret(entry) === secret);
      if (held.length === 0) return [];
      const live = [...new Set(held.map(({ generation }) => generation ?? 0))].sort((a, b) => a - b);
      const active = held.find(({ file, entry }) => file === entry)?.generation ?? 0;
      const entries = [...new Set(held.map(({ entry }) => entry ?? ""))].sort();
      return [{ secret, service: name, entries, live, active }];
    }),
  );
}

async function policiesOf(facts: Facts): Promise<ReportData["policies"]> {
  const checked = rules().map(({ name, level, description }) => ({ policy: name, level, description }));
  try {
    const { violations, failure } = await facts.build();
    return { checked, violations, ...(failure === undefined ? {} : { failure }) };
  } catch (error) {
    return { checked, violations: [], failure: error instanceof Error ? error.message : String(error) };
  }
}
