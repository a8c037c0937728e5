import type {
  CheckResult,
  CreateResult,
  DiffResult,
  Provider,
  ReadResult,
  UpdateResult,
} from "@pulumi/pulumi/provider/index.js";
import type { Inputs, Kind, Problems } from "./kind.ts";

/** How Pulumi marks a secret and an unknown value on the wire (`sdk/nodejs/runtime/rpc.ts`). */
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Raw properties, secrets wrapped. They are answered as they came, so that what is secret stays so. */
type Raw = Readonly<Record<string, unknown>>;

/**
 * Speaks the engine's protocol for the stores that have no provider of their own with the guarantees that a generation needs:
 * made once, never edited, taken over when a killed run has made it (ADR 3).
 */
export class StoresProvider implements Provider {
  readonly version = "1.0.0";
  readonly #kinds: Readonly<Record<string, Kind<object>>>;

  constructor(kinds: Readonly<Record<string, Kind<object>>>) {
    this.#kinds = kinds;
  }

  check(urn: string, _olds: Raw, news: Raw): Promise<CheckResult> {
    const inputs = unwrapped(news);
    const problems: Problems = new Map();
    this.#kind(urn).parse(inputs, problems);
    // What a preview does not know yet is checked by the update.
    const known = [...problems].filter(([property]) => !holdsUnknown(inputs[property]));
    return Promise.resolve({
      inputs: news,
      failures: known.map(([property, reason]) => ({ property, reason: `${property} ${reason}` })),
    });
  }

  diff(_id: string, urn: string, olds: Raw, news: Raw): Promise<DiffResult> {
    const kind = this.#kind(urn);
    const [before, after] = [unwrapped(olds), unwrapped(news)];
    const changed = Object.keys({ ...before, ...after }).filter(
      (property) => !isInternal(property) && JSON.stringify(before[property]) !== JSON.stringify(after[property]),
    );
    const replaces = changed.filter((property) => kind.replacing.includes(property));
    const idOf = (inputs: Inputs): string => kind.id(kind.parse(inputs, new Map()));
    // Two of the same id can't be at once.
    const deleteBeforeReplace = replaces.length > 0 && idOf(before) === idOf(after);
    return Promise.resolve({ changes: changed.length > 0, replaces, deleteBeforeReplace });
  }

  async create(urn: string, raw: Raw): Promise<CreateResult> {
    const kind = this.#kind(urn);
    const inputs = this.#parsed(urn, raw);
    await kind.create(inputs);
    return { id: kind.id(inputs), outs: raw };
  }

  async update(_id: string, urn: string, _olds: Raw, raw: Raw): Promise<UpdateResult> {
    await this.#kind(urn).update?.(this.#parsed(urn, raw));
    return { outs: raw };
  }

  async read(id: string, urn: string, raw: Raw = {}): Promise<ReadResult> {
    const there = await this.#kind(urn).exists(this.#parsed(urn, raw));
    return there ? { id, props: raw, inputs: raw } : { id: "", props: {} };
  }

  async delete(_id: string, urn: string, raw: Raw): Promise<void> {
    await this.#kind(urn).delete(this.#parsed(urn, raw));
  }

  #kind(urn: string): Kind<object> {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const kind = this.#kinds[type];
    if (kind === undefined) throw new Error(`goimg-stores has no resource ${type}`);
    return kind;
  }

  #parsed(urn: string, raw: Raw): object {
    const problems: Problems = new Map();
    const inputs = this.#kind(urn).parse(unwrapped(raw), problems);
    if (problems.size === 0) return inputs;
    throw new Error([...problems].map(([property, reason]) => `${property} ${reason}`).join("; "));
  }
}

/** Pulumi adds properties of its own. */
const isInternal = (property: string): boolean => property.startsWith("__");

function unwrapped(raw: Raw): Inputs {
  return unwrap(raw) as Inputs;
}

function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== "object" || value === null) return value;
  const record = value as Record<string, unknown>;
  if (record[signature] === secretSignature) return unwrap(record["value"]);
  return Object.fromEntries(Object.entries(record).map(([key, item]) => [key, unwrap(item)]));
}

function holdsUnknown(value: unknown): boolean {
  return value === unknown || (Array.isArray(value) && value.some(holdsUnknown));
}
