import { readFile, stat } from "node:fs/promises";
import * as z from "zod";
import { secretSpecs } from "../../components/catalog/grants.ts";
import type { Facts } from "../../components/observability/facts.ts";
import { policyReportFile } from "../../toolchain/paths.ts";
import type { AuditEntry } from "../audit.ts";
import type { World } from "../rotation/situation.ts";
import { statusOf } from "../status.ts";

/** What is told of a stack to the exporter, as seen at `now`. */
export function factsOf(stack: string, world: World, now: Date, policies?: Facts["policies"]): Facts {
  return {
    version: 1,
    stack,
    at: now.toISOString(),
    secrets: statusOf(world, now).map(({ secret, strategy, active, due, generations, unsettled }) => {
      const { kind, owner } = secretSpecs[secret];
      const last = lastStep(world.audit, secret);
      return {
        ...{ secret, kind, strategy, owner, active, due },
        generations: generations.map(({ generation, phase, createdAt }) => ({ generation, phase, createdAt })),
        settled: unsettled.length === 0,
        ...(last === undefined ? {} : { last }),
      };
    }),
    steps: counted(world.audit),
    ...(policies === undefined ? {} : { policies }),
  };
}

type Step = NonNullable<Facts["secrets"][number]["last"]>;

function lastStep(audit: readonly AuditEntry[], secret: string): Step | undefined {
  const entry = audit.findLast((candidate) => candidate.secret === secret && candidate.outcome !== "observed");
  if (entry === undefined || entry.outcome === "observed") return undefined;
  return { action: entry.action, outcome: entry.outcome, at: entry.time };
}

function counted(audit: readonly AuditEntry[]): Facts["steps"] {
  const counts = new Map<string, Facts["steps"][number]>();
  for (const { secret, action, outcome } of audit) {
    // The log has other things as well: backups, what Swarm says by itself.
    if (!(secret in secretSpecs) || (outcome !== "done" && outcome !== "failed")) continue;
    const key = `${action} ${outcome}`;
    counts.set(key, { action, outcome, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}

/** As `policies/report.ts` writes it. */
const reportSchema = z.object({
  stacks: z.array(
    z.object({
      stack: z.string(),
      violations: z.array(z.object({ policy: z.string(), level: z.string() })),
      failure: z.string().optional(),
    }),
  ),
});

/** What the last check by the policy pack found in a stack; undefined where there was none. */
export async function readPolicies(stack: string, file = policyReportFile()): Promise<Facts["policies"]> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  const report = text === undefined ? undefined : reportSchema.safeParse(parsed(text)).data;
  const found = report?.stacks.find((checked) => checked.stack === stack);
  if (found === undefined) return undefined;
  const counts = new Map<string, { policy: string; level: string; count: number }>();
  for (const { policy, level } of found.violations) {
    const key = `${policy} ${level}`;
    counts.set(key, { policy, level, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  const at = (await stat(file)).mtime.toISOString();
  return { at, failed: found.failure !== undefined, violations: [...counts.values()] };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
