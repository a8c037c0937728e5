import type {
  CheckResult,
  CreateResult,
  DiffResult,
  Provider,
  ReadResult,
  UpdateResult,
} from "@pulumi/pulumi/provider/index.js";
import type { Inputs, Kind, Problems } from "./kind.ts";
import { holdsUnknown, isInternal, typeOf, unwrapped, type Raw } from "./wire.ts";

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
    const kind = this.#kinds[typeOf(urn)];
    if (kind === undefined) throw new Error(`goimg-stores has no resource ${typeOf(urn)}`);
    return kind;
  }

  #parsed(urn: string, raw: Raw): object {
    const problems: Problems = new Map();
    const inputs = this.#kind(urn).parse(unwrapped(raw), problems);
    if (problems.size === 0) return inputs;
    throw new Error([...problems].map(([property, reason]) => `${property} ${reason}`).join("; "));
  }
}
