import { initial, InvalidGenerations, switchedOff, validateGenerations, type Generations } from "./generations.ts";

/** One reviewable change of a secret's declaration. */
export type Edit =
  /** Adds a generation to `live`. */
  | { readonly kind: "publish"; readonly secret: string; readonly generation: number }
  /** Makes a live generation the active one. */
  | { readonly kind: "promote"; readonly secret: string; readonly generation: number }
  /** Takes a generation that is not active out of `live`. */
  | { readonly kind: "drop"; readonly secret: string; readonly generation: number }
  /** Takes every generation away: the secret's feature ends. Only an optional secret can do without. */
  | { readonly kind: "switchOff"; readonly secret: string }
  /** Marks the begin and the end of an emergency. */
  | { readonly kind: "revoking"; readonly secret: string; readonly on: boolean }
  /** Marks a live generation as one that consumers move to all at once. */
  | { readonly kind: "urgent"; readonly secret: string; readonly generation: number };

/** The edit can't be made to this declaration. */
export class InvalidEdit extends Error {
  override readonly name = "InvalidEdit";
}

/**
 * The declaration after the edits, in their order; what the edits don't name stays as it was.
 *
 * @throws InvalidEdit when an edit does not fit: the secret is unknown, the generation is live already, or isn't live
 * @throws InvalidGenerations when the result of all edits is not a valid declaration
 */
export function applyEdits(
  declared: Readonly<Record<string, Generations>>,
  edits: readonly Edit[],
): Record<string, Generations> {
  const result = { ...declared };
  for (const edit of edits) {
    const before = result[edit.secret];
    if (before === undefined) throw new InvalidEdit(`${edit.secret} is not declared: edits need every secret`);
    result[edit.secret] = applyEdit(before, edit);
  }
  const problems = [...new Set(edits.map(({ secret }) => secret))].flatMap((secret) =>
    validateGenerations(secret, result[secret], isSwitchedOff(secret, edits)),
  );
  if (problems.length > 0) throw new InvalidGenerations(problems);
  return result;
}

/** The same for one secret. */
export function applyTo(secret: string, declared: Generations, edits: readonly Edit[]): Generations {
  return applyEdits({ [secret]: declared }, edits)[secret] ?? declared;
}

function applyEdit(before: Generations, edit: Edit): Generations {
  switch (edit.kind) {
    case "publish":
      if (before.live.includes(edit.generation)) throw misfit(edit, "it is live already");
      return { ...before, live: [...before.live, edit.generation].sort((a, b) => a - b) };
    case "promote":
      if (!before.live.includes(edit.generation)) throw misfit(edit, "it is not live: publish it first");
      return withoutUrgent({ ...before, active: edit.generation }, before.urgent !== edit.generation);
    case "drop":
      if (before.active === edit.generation) throw misfit(edit, "it is active: promote another one first");
      if (!before.live.includes(edit.generation)) throw misfit(edit, "it is not live");
      return withoutUrgent(
        { ...before, live: before.live.filter((generation) => generation !== edit.generation) },
        before.urgent === edit.generation,
      );
    case "switchOff":
      return switchedOff;
    case "revoking":
      return edit.on ? { ...before, revoking: true } : withoutRevoking(before);
    case "urgent":
      if (!before.live.includes(edit.generation)) throw misfit(edit, "it is not live: publish it first");
      return { ...before, urgent: edit.generation };
  }
}

function withoutUrgent({ urgent, ...rest }: Generations, over: boolean): Generations {
  return over || urgent === undefined ? rest : { ...rest, urgent };
}

function withoutRevoking({ live, active, urgent }: Generations): Generations {
  return { live, active, ...(urgent === undefined ? {} : { urgent }) };
}

const isSwitchedOff = (secret: string, edits: readonly Edit[]): boolean =>
  edits.some((edit) => edit.kind === "switchOff" && edit.secret === secret);

const misfit = (edit: Extract<Edit, { generation: number }>, why: string): InvalidEdit =>
  new InvalidEdit(`can't ${edit.kind} generation ${edit.generation} of ${edit.secret}: ${why}`);

/** One line for a reviewer, such as `DB_PASSWORD: live [1, 2] → [2], active 2`. */
export function describeChange(secret: string, before: Generations, after: Generations): string {
  const live = `[${before.live.join(", ")}]`;
  const liveAfter = `[${after.live.join(", ")}]`;
  const parts = [
    live === liveAfter ? `live ${live}` : `live ${live} → ${liveAfter}`,
    before.active === after.active ? `active ${before.active}` : `active ${before.active} → ${after.active}`,
  ];
  if (before.revoking !== after.revoking) parts.push(after.revoking === true ? "revoking" : "no longer revoking");
  if (before.urgent !== after.urgent) parts.push(after.urgent === undefined ? "no longer urgent" : "all tasks at once");
  return `${secret}: ${parts.join(", ")}`;
}

/**
 * What belongs in the stack's config: secrets that differ from the default, or that the config named before, so that
 * an edit changes the lines of its own secrets and no others.
 */
export function toConfig(
  declared: Readonly<Record<string, Generations>>,
  named: readonly string[],
): Record<string, Generations> {
  return Object.fromEntries(
    Object.entries(declared).filter(
      ([secret, { live, active }]) =>
        named.includes(secret) || active !== initial.active || live.length !== initial.live.length,
    ),
  );
}
