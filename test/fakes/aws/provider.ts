/**
 * The aws provider, for tests: checks arguments as the SDK declares them, and asks a moto server through the AWS SDK. It has the
 * resources that the stack uses. Its limits: docs/aws.md.
 */
import { randomBytes } from "node:crypto";
import type {
  CheckResult,
  CreateResult,
  DiffResult,
  Provider,
  ReadResult,
  UpdateResult,
} from "@pulumi/pulumi/provider/index.js";
import type { Inputs, Problems } from "../../../components/stores/provider/kind.ts";
import { isInternal, typeOf, unwrapped, type Raw } from "../../../components/stores/provider/wire.ts";
import { checkArguments } from "../schema.ts";

/** What AWS answered of a resource that was made: its id, and outputs beside its inputs. */
export interface Made {
  readonly id: string;
  readonly outs?: Inputs;
}

/** One type of resource. `I` is what it reads of its inputs, which {@link checkArguments} has checked. */
export interface AwsKind {
  /** Properties whose change makes it another resource. */
  readonly replacing: readonly string[];
  /** Whether the provider gives it a name of its own where it has none. */
  readonly autonamed?: boolean;
  create(inputs: Inputs): Promise<Made>;
  /** Answers outputs that changed; left out where every property replaces. */
  update?(id: string, inputs: Inputs, before: Inputs): Promise<Inputs | undefined>;
  delete(id: string, inputs: Inputs): Promise<unknown>;
}

/** Speaks the engine's protocol. */
export class FakeAwsProvider implements Provider {
  readonly version = "7.48.0";
  readonly #kinds: Readonly<Record<string, AwsKind>>;

  constructor(kinds: Readonly<Record<string, AwsKind>>) {
    this.#kinds = kinds;
  }

  check(urn: string, olds: Raw, news: Raw): Promise<CheckResult> {
    const type = typeOf(urn);
    const kind = this.#kind(urn);
    const problems: Problems = new Map();
    checkArguments(type, unwrapped(news), problems);
    const needsName = kind.autonamed === true && news["name"] === undefined && news["namePrefix"] === undefined;
    const name = olds["name"] ?? `${urn.split("::").at(-1) ?? ""}-${randomBytes(4).toString("hex").slice(0, 7)}`;
    return Promise.resolve({
      inputs: needsName ? { ...news, name } : news,
      failures: [...problems].map(([property, reason]) => ({ property, reason: `${property} ${reason}` })),
    });
  }

  diff(_id: string, urn: string, olds: Raw, news: Raw): Promise<DiffResult> {
    const [before, after] = [inputsOf(olds), unwrapped(news)];
    const changed = Object.keys({ ...before, ...after }).filter(
      (property) => !isInternal(property) && JSON.stringify(before[property]) !== JSON.stringify(after[property]),
    );
    const kind = this.#kind(urn);
    const { replacing } = kind;
    const replaces = kind.update === undefined ? changed : changed.filter((property) => replacing.includes(property));
    return Promise.resolve({ changes: changed.length > 0, replaces, deleteBeforeReplace: false });
  }

  async create(urn: string, raw: Raw): Promise<CreateResult> {
    const { id, outs } = await this.#kind(urn).create(unwrapped(raw));
    return { id, outs: { ...raw, ...outs, __inputs: Object.keys(raw) } };
  }

  async update(id: string, urn: string, olds: Raw, raw: Raw): Promise<UpdateResult> {
    const outs = await this.#kind(urn).update?.(id, unwrapped(raw), unwrapped(olds));
    return { outs: { ...olds, ...raw, ...outs, __inputs: Object.keys(raw) } };
  }

  /** A refresh finds everything as it was. */
  read(id: string, _urn: string, raw: Raw = {}): Promise<ReadResult> {
    return Promise.resolve({ id, props: raw, inputs: inputsOf(raw) });
  }

  async delete(id: string, urn: string, raw: Raw): Promise<void> {
    await this.#kind(urn)
      .delete(id, unwrapped(raw))
      .catch((error: unknown) => {
        if (!/NotFound|NoSuch/.test((error as Error).name)) throw error;
      });
  }

  #kind(urn: string): AwsKind {
    const kind = this.#kinds[typeOf(urn)];
    if (kind === undefined) throw new Error(`the fake of aws has no resource ${typeOf(urn)}`);
    return kind;
  }
}

/** The engine hands over a resource's outputs, in which its inputs are. */
function inputsOf(outs: Raw): Inputs {
  const names = outs["__inputs"];
  const all = unwrapped(outs);
  return Array.isArray(names) ? Object.fromEntries(names.map((name: string) => [name, all[name]])) : all;
}
