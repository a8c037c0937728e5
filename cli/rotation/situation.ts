import { secretNames, secretSpecs, type SecretName } from "../../components/catalog/grants.ts";
import { factsOf, mountedBy, nothing, type HeldByTask } from "../../components/cluster/swarm/facts.ts";
import type { Observed } from "../../components/cluster/swarm/observe.ts";
import { observeStack } from "../../components/cluster/swarm/observeStack.ts";
import type { Situation } from "../../components/rotation/machine.ts";
import { rotationOf, type Times } from "../../components/secrets/rotation.ts";
import { VaultError } from "../../components/stores/provider/vaultClient.ts";
import { highestIn, verifyAudit, type AuditEntry } from "../audit.ts";
import { OperatorError } from "../error.ts";
import { readSupplied } from "../external/store.ts";
import type { StackContext } from "../stack.ts";
import { readStoreSettings } from "../stores/settings.ts";
import { observeState } from "../stores/state.ts";
import { readDeclared, type DeclaredGenerations } from "./declared.ts";
import { readReports, type Reports } from "./reports.ts";

/** Everything known of a stack's secrets at one moment. */
export interface World {
  readonly declared: DeclaredGenerations;
  readonly observed: Observed;
  readonly reports: Reports;
  readonly audit: readonly AuditEntry[];
  /** Third-party values: for which generations the config has one, and which of them their issuers refused. */
  readonly external: ReadonlyMap<
    SecretName,
    { readonly supplied: readonly number[]; readonly refused: readonly number[] }
  >;
}

/**
 * Looks: config, Swarm, reports, audit log.
 *
 * @throws OperatorError if the engine does not answer, the config is wrong, or the audit log is not intact
 */
export async function look(context: StackContext): Promise<World> {
  const [declared, supplied, observed, verdict] = await Promise.all([
    readDeclared(context.configFile),
    readSupplied(context.configFile),
    observe(context),
    verifyAudit(context.auditFile),
  ]);
  if (!verdict.ok) {
    throw new OperatorError(`the audit log ${context.auditFile} was changed at line ${verdict.line}: ${verdict.why}`);
  }
  return {
    declared,
    observed,
    reports: await readReports(context.docker, observed),
    audit: verdict.entries,
    external: new Map(
      [...supplied].map(([secret, generations]) => [
        secret,
        { supplied: generations, refused: context.refused?.get(secret) ?? [] },
      ]),
    ),
  };
}

/** What runs, and what the stores keep. Of a stack on ECS it is what the state says. */
async function observe(context: StackContext): Promise<Observed> {
  const settings = await readStoreSettings(context.configFile);
  try {
    if (context.place === "ecs") return await observeState(context);
    return await observeStack(context.docker, context.stack, settings);
  } catch (error) {
    throw unreachable(context, error);
  }
}

/** The secrets that this stack has: those in its store, and those that it declares by name. */
export function presentSecrets({ observed }: World): readonly SecretName[] {
  return secretNames.filter((secret) => observed.secrets.some(({ entry }) => entry in secretSpecs[secret].entries));
}

/** What the state machine looks at, for one secret. */
export function situationOf(secret: SecretName, world: World, times: Times, now: Date): Situation {
  return {
    rotation: rotationOf(secret, times),
    declared: world.declared[secret],
    facts: factsOf(secret, world.observed, saidBy(world.reports), {
      highest: highestIn(world.audit, secret),
      ...world.external.get(secret),
    }),
    now,
  };
}

/**
 * What the task says, once it is up; until then it holds nothing that others could rely on. A job that has ended with 0 has worked
 * with all that it was given, even if its log is gone (`docker container prune`); a program of others (Grafana) is healthy with what
 * its task mounts.
 */
function saidBy(reports: Reports): HeldByTask {
  return (secret, task) => {
    if (!task.ready) return nothing;
    const said = reports.get(task.id)?.get(secret);
    return said ?? (task.state === "complete" || task.silent ? mountedBy(secret, task) : nothing);
  };
}

function unreachable({ address, place }: StackContext, error: unknown): OperatorError {
  if (error instanceof OperatorError) return error;
  if (error instanceof VaultError) return new OperatorError(error.message);
  // What SSH says names the machine; the engine's own refusals have a status.
  if (place === "cluster" && error instanceof Error && !("statusCode" in error))
    return new OperatorError(error.message);
  const code = (error as { code?: string }).code;
  if (code === undefined) return new OperatorError(`the Swarm at ${address} refused: is this engine a manager?`);
  return new OperatorError(`no Docker Engine answers at ${address} (${code}): start it (make up), or set DOCKER_HOST`);
}
