import { consumersOf, secretSpecs, type SecretName } from "../../catalog/grants.ts";
import type { Held, SecretFacts, ServiceFact } from "../../rotation/facts.ts";
import { strategies } from "../../rotation/strategies.ts";
import type { Observed, ObservedService, ObservedTask } from "./observe.ts";

/** What a task holds: what it says, or what its spec mounts. */
export type HeldByTask = (secret: SecretName, task: ObservedTask) => Held;

/** What is known beside what runs. */
export interface Known {
  /** The highest generation that the audit log has seen. */
  readonly highest: number;
  /** Generations with a value in the stack's config; left out for secrets that are not external. */
  readonly supplied?: readonly number[];
  /** Generations whose value its issuer refused. */
  readonly refused?: readonly number[];
}

/** No generation at all. */
export const nothing: Held = { live: [], active: 0 };

/** The facts of one secret, from what Swarm runs and what its tasks hold. */
export function factsOf(secret: SecretName, observed: Observed, held: HeldByTask, known: Known): SecretFacts {
  const consumers: readonly string[] = consumersOf(secret);
  const stored = observed.secrets
    .filter(({ entry }) => entry in secretSpecs[secret].entries)
    .map(({ generation }) => generation);
  return {
    stored: [...new Set(stored)].sort((a, b) => a - b),
    services: observed.services
      .filter(({ name, spec, tasks }) => consumers.includes(name) && (spec.has(secret) || tasks.length > 0))
      .map((service) => serviceFact(secret, service, held)),
    highest: known.highest,
    ...(known.supplied === undefined ? {} : { external: { supplied: known.supplied, refused: known.refused ?? [] } }),
  };
}

function serviceFact(secret: SecretName, service: ObservedService, heldByTask: HeldByTask): ServiceFact {
  const { name, update, spec, previous, tasks } = service;
  const undoes = update === "updating" || update === "rollingBack";
  return {
    service: name,
    role: roleOf(secret, name),
    update,
    spec: spec.get(secret) ?? nothing,
    ...(undoes && previous !== undefined ? { rollbackTo: previous.get(secret) ?? nothing } : {}),
    tasks: tasks.map((task) => ({ task: task.id, held: heldByTask(secret, task), since: task.since })),
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

/** What a task's spec mounts, whatever it says: it has it, or is about to. */
export const mountedBy: HeldByTask = (secret, task) => task.held.get(secret) ?? nothing;
