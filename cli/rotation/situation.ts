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
    readStoreSettings(context.configFile).then((settings) =>
      observeStack(context.docker, context.stack, settings).catch((error: unknown) => {
        throw unreachable(context, error);
      }),
    ),
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
 * with all that it was given, even if its log is gone (`docker container prune`).
 */
function saidBy(reports: Reports): HeldByTask {
  return (secret, task) => {
    if (!task.ready) return nothing;
    const said = reports.get(task.id)?.get(secret);
    return said ?? (task.state === "complete" ? mountedBy(secret, task) : nothing);
  };
}

function unreachable({ env }: StackContext, error: unknown): OperatorError {
  if (error instanceof VaultError) return new OperatorError(error.message);
  const code = (error as { code?: string }).code;
  const address = env["DOCKER_HOST"] ?? "the default socket";
  if (code === undefined) return new OperatorError(`the Swarm at ${address} refused: is this engine a manager?`);
  return new OperatorError(`no Docker Engine answers at ${address} (${code}): start it (make up), or set DOCKER_HOST`);
}
