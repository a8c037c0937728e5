import type { SecretName } from "../../components/catalog/grants.ts";
import { consumersOf, secretSpecs } from "../../components/catalog/grants.ts";
import type { Observed, ObservedService, ObservedTask } from "../../components/cluster/swarm/observe.ts";
import type { Held, SecretFacts, ServiceFact } from "../../components/rotation/facts.ts";
import { strategies } from "../../components/rotation/strategies.ts";
import type { Reports } from "./reports.ts";

/** What is known beside what runs. */
export interface Known {
  /** The highest generation that the audit log has seen. */
  readonly highest: number;
  /** Generations with a value in the stack's config; left out for secrets that are not external. */
  readonly supplied?: readonly number[];
}

const nothing: Held = { live: [], active: 0 };

/** The facts of one secret: what Swarm runs, and what its tasks report. */
export function factsOf(secret: SecretName, observed: Observed, reports: Reports, known: Known): SecretFacts {
  const consumers: readonly string[] = consumersOf(secret);
  const stored = observed.secrets
    .filter(({ entry }) => entry in secretSpecs[secret].entries)
    .map(({ generation }) => generation);
  return {
    stored: [...new Set(stored)].sort((a, b) => a - b),
    services: observed.services
      .filter(({ name, spec, tasks }) => consumers.includes(name) && (spec.has(secret) || tasks.length > 0))
      .map((service) => serviceFact(secret, service, reports)),
    highest: known.highest,
    ...(known.supplied === undefined ? {} : { external: { supplied: known.supplied, refused: [] } }),
  };
}

function serviceFact(secret: SecretName, service: ObservedService, reports: Reports): ServiceFact {
  const { name, update, spec, previous, tasks } = service;
  const undoes = update === "updating" || update === "rollingBack";
  return {
    service: name,
    role: roleOf(secret, name),
    update,
    spec: spec.get(secret) ?? nothing,
    ...(undoes && previous !== undefined ? { rollbackTo: previous.get(secret) ?? nothing } : {}),
    tasks: tasks.map((task) => ({ task: task.id, held: heldByTask(secret, task, reports), since: task.since })),
  };
}

/**
 * A consumer that accepts the secret without using it is on the server's side: nothing is cut off when it changes.
 * Where the clients check each other's credentials (JWT), an acceptor is a client as well.
 */
export function roleOf(secret: SecretName, service: string): ServiceFact["role"] {
  const { acceptors, strategy } = secretSpecs[secret];
  const accepts = (acceptors as readonly string[]).includes(service);
  return accepts && strategies[strategy].acceptedBy !== "clients" ? "backing" : "client";
}

/** What the task says, once it is up; until then it holds nothing that others could rely on. */
function heldByTask(secret: SecretName, task: ObservedTask, reports: Reports): Held {
  return task.state === "running" ? (reports.get(task.id)?.get(secret) ?? nothing) : nothing;
}
