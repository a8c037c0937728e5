/**
 * The Swarm in the audit log: which secrets it stores and which specs its services have, so that a change that no command of
 * this project made is seen. Compared with what the log saw last, so that nothing is missed while nobody listens.
 */
import { createHash } from "node:crypto";
import type Docker from "dockerode";
import * as z from "zod";
import { findSecret } from "../../components/catalog/grants.ts";
import { appendAudit, verifyAudit, withAuditLock, type AuditEntry, type AuditEvent } from "../audit.ts";
import { OperatorError } from "../error.ts";
import type { StackContext } from "../stack.ts";

/** One secret or service, with a digest that changes when it does. Names and hashes, never a value. */
export interface SwarmObject {
  readonly kind: "secret" | "service";
  readonly name: string;
  readonly id: string;
  readonly digest: string;
}

/** What the log calls a look at a secret, or a service. */
export const auditAction = { secret: "swarm-secret", service: "swarm-service" } as const;
/** What the log has in the place of an object that is not there. */
export const absent = "absent";

const listed = z.array(
  z.object({
    ID: z.string(),
    CreatedAt: z.string(),
    Spec: z.looseObject({ Name: z.string(), Labels: z.record(z.string(), z.string()).nullish() }),
  }),
);

/** What of a stack is in the Swarm now. */
export async function swarmObjects(docker: Docker, stack: string): Promise<readonly SwarmObject[]> {
  const filters = { label: [`goimg.stack=${stack}`] };
  const [secrets, services] = await Promise.all([docker.listSecrets({ filters }), docker.listServices({ filters })]);
  return [
    ...listed.parse(secrets).map(({ ID, CreatedAt, Spec }): SwarmObject => {
      const { "goimg.entry": entry = Spec.Name, "goimg.generation": generation = "?" } = Spec.Labels ?? {};
      return { kind: "secret", name: `${entry}-g${generation}`, id: ID, digest: digestOf([ID, CreatedAt]) };
    }),
    ...listed.parse(services).map(({ ID, Spec }): SwarmObject => ({
      kind: "service",
      name: Spec.Labels?.["goimg.service"] ?? Spec.Name,
      id: ID,
      digest: digestOf(Spec),
    })),
  ];
}

function digestOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}

/** An object as the log writes it: what {@link lastSeen} reads. */
const written = ({ name, id, digest }: SwarmObject): string => `${name} ${id} ${digest}`;

/** What the log saw last of a stack, by id. */
function lastSeen(entries: readonly AuditEntry[], stack: string): ReadonlyMap<string, SwarmObject> {
  const seen = new Map<string, SwarmObject>();
  for (const entry of entries) {
    const kind =
      entry.action === auditAction.secret ? "secret" : entry.action === auditAction.service ? "service" : undefined;
    if (kind === undefined || entry.stack !== stack) continue;
    const [, beforeId = ""] = entry.before.split(" ");
    const [name = "", id, digest = ""] = entry.after.split(" ");
    seen.delete(beforeId);
    if (entry.after !== absent && id !== undefined) seen.set(id, { kind, name, id, digest });
  }
  return seen;
}

/** What changed since the log last looked: an event for each secret or service that is new, other or gone. */
export function swarmChanges(
  entries: readonly AuditEntry[],
  stack: string,
  objects: readonly SwarmObject[],
  reason: string,
): readonly AuditEvent[] {
  const seen = lastSeen(entries, stack);
  const event = (object: SwarmObject, before: string, after: string): AuditEvent => ({
    stack,
    secret: object.kind === "secret" ? secretOf(object.name) : object.name,
    action: auditAction[object.kind],
    outcome: "observed",
    before,
    after,
    reason,
    highest: object.kind === "secret" ? Number(/-g(\d+)$/.exec(object.name)?.[1] ?? 0) : 0,
  });
  const changed = objects.flatMap((object) => {
    const before = seen.get(object.id);
    if (before?.digest === object.digest) return [];
    return [event(object, before === undefined ? absent : written(before), written(object))];
  });
  const gone = [...seen.values()].filter(({ id }) => !objects.some((object) => object.id === id));
  return [...changed, ...gone.map((object) => event(object, written(object), absent))];
}

function secretOf(name: string): string {
  const entry = name.replace(/-g\d+$|-g\?$/, "");
  return findSecret(entry) ?? entry;
}

/** An event in a person's words: `service api was changed`. */
export function describeChange({ action: what, before, after }: AuditEvent): string {
  const kind = what.slice("swarm-".length);
  const [name = ""] = (after === absent ? before : after).split(" ");
  return `${kind} ${name} was ${before === absent ? "made" : after === absent ? "removed" : "changed"}`;
}

/**
 * Writes what changed in the Swarm since the log last looked. The caller holds the stack's lock.
 *
 * @returns how many entries were added
 */
export async function recordSwarm({ docker, stack, auditFile }: StackContext, reason: string): Promise<number> {
  const verdict = await verifyAudit(auditFile);
  if (!verdict.ok)
    throw new OperatorError(`the audit log ${auditFile} was changed at line ${verdict.line}: ${verdict.why}`);
  const events = swarmChanges(verdict.entries, stack, await swarmObjects(docker, stack), reason);
  await appendAudit(auditFile, events, new Date());
  return events.length;
}

/** As {@link recordSwarm}, taking the stack's lock. */
export async function recordSwarmAlone(
  context: StackContext,
  reason: string,
  report: (line: string) => void,
): Promise<number> {
  return withAuditLock(context.auditFile, () => recordSwarm(context, reason), report);
}
