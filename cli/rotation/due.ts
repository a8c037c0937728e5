import { secretSpecs, type SecretName } from "../../components/catalog/grants.ts";
import { noPauses } from "../../components/secrets/rotation.ts";
import { goalOf, isRetiring } from "../../components/rotation/machine.ts";
import { due } from "../../components/rotation/schedule.ts";
import { presentSecrets, situationOf, type World } from "./situation.ts";

/** What an unattended run has to do. */
export interface DueSecrets {
  /** Can be rotated now, or gone on with. */
  readonly ready: readonly SecretName[];
  /** Due, and only a person can get the next value from its issuer. */
  readonly waiting: readonly SecretName[];
}

/** Secrets past their period, and those that have two generations: theirs is a rotation to go on with. */
export function dueSecrets(world: World, now: Date): DueSecrets {
  const all = presentSecrets(world).filter((secret) => isDue(secret, world, now));
  const waiting = all.filter((secret) => needsPerson(secret, world, now));
  return { ready: all.filter((secret) => !waiting.includes(secret)), waiting };
}

function isDue(secret: SecretName, world: World, now: Date): boolean {
  const { live, active } = world.declared[secret];
  const { declared, facts } = situationOf(secret, world, noPauses, now);
  if (live.length > 1 || isRetiring(declared, facts)) return true;
  const created = world.observed.secrets
    .filter(({ entry, generation }) => generation === active && entry in secretSpecs[secret].entries)
    .map(({ createdAt }) => createdAt);
  return created.some((at) => due(secret, at, secretSpecs[secret].period, now).overdue);
}

function needsPerson(secret: SecretName, world: World, now: Date): boolean {
  if (secretSpecs[secret].kind !== "external") return false;
  const { target } = goalOf("rotate", situationOf(secret, world, noPauses, now));
  const { live } = world.declared[secret];
  return !live.includes(target) && world.external.get(secret)?.supplied.includes(target) !== true;
}
