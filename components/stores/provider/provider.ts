import type {
  CheckResult,
  CreateResult,
  DiffResult,
  Provider,
  ReadResult,
  UpdateResult,
} from "@pulumi/pulumi/provider/index.js";
import type { Inputs, Kind, Problems } from "./kind.ts";
import { holdsUnknown, isInternal, secretOf, typeOf, unwrapped, type Raw } from "./wire.ts";

/** Names, in the state, what no input says: it is no change that the program does not give it. */
const madeMark = "__made";

/**
 * Speaks the engine's protocol for what has no provider of its own with the guarantees that this project needs: stores, where a
 * generation is made once, never edited, and taken over when a killed run has made it (ADR 3), and the forming of a Swarm (ADR 5).
 */
export class KindsProvider implements Provider {
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
    const made = typeof olds[madeMark] === "string" ? olds[madeMark].split(",") : [];
    const [before, after] = [unwrapped(olds), unwrapped(news)];
    const changed = Object.keys({ ...before, ...after }).filter(
      (property) =>
        !isInternal(property) &&
        !made.includes(property) &&
        JSON.stringify(before[property]) !== JSON.stringify(after[property]),
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
    return { id: kind.id(inputs), outs: { ...raw, ...(await this.#made(kind, inputs, {})) } };
  }

  async update(_id: string, urn: string, olds: Raw, raw: Raw): Promise<UpdateResult> {
    const [kind, inputs] = [this.#kind(urn), this.#parsed(urn, raw)];
    const before = unwrapped(olds);
    await kind.update?.(inputs, before);
    return { outs: { ...raw, ...(await this.#made(kind, inputs, before)) } };
  }

  async read(id: string, urn: string, raw: Raw = {}): Promise<ReadResult> {
    const there = await this.#kind(urn).exists(this.#parsed(urn, raw), unwrapped(raw));
    return there ? { id, props: raw, inputs: withoutMade(raw) } : { id: "", props: {} };
  }

  async delete(_id: string, urn: string, raw: Raw): Promise<void> {
    await this.#kind(urn).delete(this.#parsed(urn, raw), unwrapped(raw));
  }

  async #made(kind: Kind<object>, inputs: object, before: Inputs): Promise<Raw> {
    if (kind.made === undefined) return {};
    const { plain = {}, secret = {} } = await kind.made(inputs, before);
    const wrapped = Object.entries(secret).map(([name, value]) => [name, secretOf(value)] as const);
    const all = { ...plain, ...Object.fromEntries(wrapped) };
    return { ...all, [madeMark]: Object.keys(all).join(",") };
  }

  #kind(urn: string): Kind<object> {
    const kind = this.#kinds[typeOf(urn)];
    if (kind === undefined) throw new Error(`there is no resource ${typeOf(urn)}`);
    return kind;
  }

  #parsed(urn: string, raw: Raw): object {
    const problems: Problems = new Map();
    const inputs = this.#kind(urn).parse(unwrapped(raw), problems);
    if (problems.size === 0) return inputs;
    throw new Error([...problems].map(([property, reason]) => `${property} ${reason}`).join("; "));
  }
}

function withoutMade(raw: Raw): Raw {
  const mark = raw[madeMark];
  if (typeof mark !== "string") return raw;
  const made = [...mark.split(","), madeMark];
  return Object.fromEntries(Object.entries(raw).filter(([name]) => !made.includes(name)));
}
