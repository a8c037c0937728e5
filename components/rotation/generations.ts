/**
 * The declared generations of every secret, as the stack's config holds them:
 *
 * ```yaml
 * goimg-secrets:generations:
 *   DB_PASSWORD: { live: [2, 3], active: 2 }
 * ```
 *
 * A generation is one value of one secret, numbered from 1. The config never holds a value.
 */

/** What the stack declares of one secret. */
export interface Generations {
  /** Generations that exist and are accepted, ascending. Empty means that the secret's feature is switched off. */
  readonly live: readonly number[];
  /** The generation that clients use: one of `live`, or 0 when `live` is empty. */
  readonly active: number;
  /** An emergency is under way: a third live generation is allowed until the leaked one is dropped. */
  readonly revoking?: boolean;
  /**
   * The live generation that an emergency brought. While it is there, the secret's consumers replace all their tasks at once: the mark
   * stays until the next promotion, because a service that is changed by nothing else would be redeployed by its end.
   */
  readonly urgent?: number;
}

/** Which secrets may be declared, and how. */
export interface ParseOptions {
  /**
   * Secrets that may be switched off with `live: []`: optional ones whose feature the stack doesn't run.
   * @default none
   */
  readonly optional?: readonly string[];
}

/** The generation of a secret that the config does not name. */
export const initial: Generations = { live: [1], active: 1 };

/** A secret whose feature is switched off. */
export const switchedOff: Generations = { live: [], active: 0 };

/** Two live generations are what a rotation needs; a leak during a rotation needs one more. */
export const maxLive = { rotating: 2, revoking: 3 } as const;

/** The declared generations can't be used. `problems` holds every reason, each with the field and the fix. */
export class InvalidGenerations extends Error {
  override readonly name = "InvalidGenerations";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The declared generations are not valid:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

const field = (path: string, problem: string, fix: string): string => `generations${path}: ${problem}; ${fix}`;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Says what kind of thing a wrong value is, and never the value: a person may paste a secret into the wrong field. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : "a number that is not whole";
  return `a value of type ${typeof value}`;
}

const isGeneration = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 1;

/**
 * Validates the declared generations and completes them: every known secret is in the result.
 *
 * @param config the parsed `generations` object of the stack's config; `undefined` when the stack has none
 * @param knownSecrets the catalog's secrets of this stack
 * @throws InvalidGenerations with every problem found
 */
export function parseGenerations(
  config: unknown,
  knownSecrets: readonly string[],
  options: ParseOptions = {},
): Record<string, Generations> {
  const result = Object.fromEntries(knownSecrets.map((secret): [string, Generations] => [secret, initial]));
  if (config === undefined) return result;
  if (!isRecord(config)) {
    throw new InvalidGenerations([
      field("", `expected an object of secrets, got ${kindOf(config)}`, "write { NAME: { live: [1], active: 1 } }"),
    ]);
  }
  const problems: string[] = [];
  for (const [secret, declared] of Object.entries(config)) {
    if (!Object.hasOwn(result, secret)) {
      problems.push(field(`.${secret}`, "unknown secret", unknownFix(secret, knownSecrets)));
      continue;
    }
    const found = validateGenerations(secret, declared, options.optional?.includes(secret) ?? false);
    problems.push(...found);
    if (found.length === 0) result[secret] = normalize(declared as Generations);
  }
  if (problems.length > 0) throw new InvalidGenerations(problems);
  return result;
}

/** Every problem of one secret's declaration; none means that it is a `Generations`. */
export function validateGenerations(secret: string, declared: unknown, optional = false): string[] {
  if (!isRecord(declared)) {
    return [field(`.${secret}`, `expected an object, got ${kindOf(declared)}`, "write { live: [1], active: 1 }")];
  }
  const revoking = declared["revoking"];
  const problems = Object.keys(declared)
    .filter((key) => !["live", "active", "revoking", "urgent"].includes(key))
    .map((key) =>
      field(`.${secret}.${key}`, "unknown field", "remove it: only live, active, revoking and urgent are known"),
    );
  if (revoking !== undefined && typeof revoking !== "boolean") {
    problems.push(field(`.${secret}.revoking`, `expected true or false, got ${kindOf(revoking)}`, "remove it"));
  }
  const live = declared["live"];
  if (!Array.isArray(live)) {
    problems.push(field(`.${secret}.live`, `expected a list, got ${kindOf(live)}`, "write live: [1]"));
    return problems;
  }
  problems.push(...validateLive(secret, live, revoking === true, optional));
  problems.push(...validateActive(secret, live, declared["active"]));
  const urgent = declared["urgent"];
  if (urgent !== undefined && !(isGeneration(urgent) && live.includes(urgent))) {
    problems.push(field(`.${secret}.urgent`, `${kindOf(urgent)} is not live`, "remove it"));
  }
  return problems;
}

function validateLive(secret: string, live: readonly unknown[], revoking: boolean, optional: boolean): string[] {
  const path = `.${secret}.live`;
  if (live.length === 0) {
    if (optional) return [];
    return [field(path, "empty", "keep at least one generation: only an optional secret can be switched off")];
  }
  const problems = live.flatMap((generation, index) =>
    isGeneration(generation)
      ? []
      : [field(`${path}[${index}]`, `${kindOf(generation)} is not a generation`, "use whole numbers from 1")],
  );
  const numbers = live.filter(isGeneration);
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  if (sorted.length < numbers.length) {
    problems.push(field(path, "a generation is named twice", `write live: [${sorted.join(", ")}]`));
  } else if (numbers.some((generation, index) => generation !== sorted[index])) {
    problems.push(field(path, "not ascending", `write live: [${sorted.join(", ")}]`));
  }
  const limit = revoking ? maxLive.revoking : maxLive.rotating;
  if (sorted.length > limit) {
    problems.push(
      field(path, `${sorted.length} live generations, at most ${limit} are allowed`, tooManyFix(secret, revoking)),
    );
  }
  return problems;
}

function tooManyFix(secret: string, revoking: boolean): string {
  if (revoking) return "drop the leaked generation first";
  return `retire one first, or, if one has leaked, run goimg-secrets revoke ${secret}`;
}

function validateActive(secret: string, live: readonly unknown[], active: unknown): string[] {
  const path = `.${secret}.active`;
  if (live.length === 0) {
    if (active === undefined || active === 0) return [];
    return [field(path, `${kindOf(active)} is not live`, "remove it, or write active: 0: live is empty")];
  }
  if (!isGeneration(active)) {
    return [field(path, `expected a live generation, got ${kindOf(active)}`, `use one of live: ${listed(live)}`)];
  }
  if (live.includes(active)) return [];
  return [field(path, `${active} is not live`, `use one of live: ${listed(live)}, or add ${active} to live`)];
}

const listed = (live: readonly unknown[]): string => live.filter(isGeneration).join(", ");

/** Drops what says nothing, so that equal declarations compare equal. */
function normalize(declared: Generations): Generations {
  if (declared.live.length === 0) return switchedOff;
  const { live, active, revoking, urgent } = declared;
  return {
    live: [...live],
    active,
    ...(revoking === true ? { revoking } : {}),
    ...(urgent === undefined ? {} : { urgent }),
  };
}

function unknownFix(secret: string, known: readonly string[]): string {
  const nearest = nearestName(secret, known);
  if (nearest !== undefined) return `did you mean ${nearest}?`;
  return known.length === 0 ? "this stack has no secrets" : `use one of: ${known.join(", ")}`;
}

/** The known name with the fewest edits, when near enough to be what was meant. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toUpperCase(), candidate.toUpperCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** Levenshtein distance, one row at a time. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const substituted = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
