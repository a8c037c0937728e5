/** The real values of the running stack, in this process's memory alone: they are asked questions, and never given out. */
import { createHash, createPrivateKey, randomBytes, type KeyObject } from "node:crypto";
import { entries, findSecret } from "../../../components/catalog/grants.ts";
import { checkValue } from "../../../runtime/format.ts";
import { Value } from "../../import/find/value.ts";
import type { Read } from "../../leaks/docker.ts";
import { Finder, formsOf, needlesOf } from "../../leaks/finder.ts";
import { pulumiOrFail } from "../../pulumi.ts";
import type { StackContext } from "../../stack.ts";
import { exportedSchema, valuesIn } from "../../stores/values.ts";
import { NotReadable } from "../control.ts";
import type { FactValues, SearchFact } from "../facts.ts";

/** One generation of one entry, with its value. */
interface Held {
  readonly entry: string;
  readonly generation: number;
  readonly value: Buffer;
}

/** What the values can be asked. */
export class StackValues {
  readonly #held: readonly Held[];

  constructor(held: readonly Held[]) {
    this.#held = held;
  }

  /**
   * Reads them from the stack's state, through a pipe.
   *
   * @throws NotReadable if pulumi can't decrypt the state, or the state has none
   */
  static async read({ stack, cwd, env }: StackContext): Promise<StackValues> {
    const args = ["stack", "export", "--show-secrets", "--stack", stack];
    const { stdout } = await pulumiOrFail(args, { cwd, env, output: "capture" }).catch((error: unknown) => {
      throw new NotReadable(`the state can't be decrypted: ${error instanceof Error ? error.message : String(error)}`);
    });
    const values = new StackValues(heldIn(JSON.parse(stdout)));
    if (values.#held.length === 0) throw new NotReadable(`the state of ${stack} holds no secret: goimg-secrets up`);
    return values;
  }

  /** Names of all generations, `DB_PASSWORD-g1`. */
  get names(): readonly string[] {
    return this.#held.map(nameOf).sort();
  }

  /** What is wrong with the format of each. */
  formats(): FactValues["formats"] {
    return this.#held.map((held) => {
      const format = entries.find(({ name }) => name === held.entry)?.format;
      if (format === undefined) return { name: nameOf(held), reasons: ["is not in the catalog"] };
      const problems = checkValue(held.value, format).problems;
      return { name: nameOf(held), reasons: problems.map(({ message }) => message) };
    });
  }

  /** Names of those that are the same, joined. */
  repeated(): readonly string[] {
    const groups = Map.groupBy(this.#held, ({ value }) => value.toString("base64"));
    return [...groups.values()].filter((group) => group.length > 1).map((group) => group.map(nameOf).join(" and "));
  }

  /** Names of those that another stack has too. */
  sharedWith(other: StackValues): readonly string[] {
    const theirs = new Set(other.#held.map(({ value }) => value.toString("base64")));
    return this.#held.filter(({ value }) => theirs.has(value.toString("base64"))).map(nameOf);
  }

  /** By name, for the search in git's history. Public keys are left out: git may have them. */
  forHistory(): ReadonlyMap<string, Value> {
    return new Map(this.#held.filter(isSecret).map((held) => [nameOf(held), new Value(held.value.toString("utf8"))]));
  }

  /** The signing key of a generation. */
  signingKey(generation: number): KeyObject | undefined {
    const found = this.#held.find((held) => held.entry === "JWT_PRIVATE_KEY" && held.generation === generation);
    return found === undefined ? undefined : createPrivateKey(found.value);
  }

  /** The generation of an entry for which a test of its value is true. */
  generationWhere(entry: string, matches: (value: string) => boolean): number | undefined {
    return this.#held.find((held) => held.entry === entry && matches(held.value.toString("utf8")))?.generation;
  }

  /** SHA-256 of an entry's value, as Redis keeps it, by hash. */
  hashes(entry: string): ReadonlyMap<string, number> {
    return new Map(
      this.#held
        .filter((held) => held.entry === entry)
        .map(({ value, generation }) => [createHash("sha256").update(value).digest("hex"), generation]),
    );
  }

  /**
   * Searches places for every secret value in every form, and for one that is made now and planted in one more place, which
   * has to be found in every form.
   */
  async search(places: AsyncIterable<Read> | Iterable<Read>): Promise<SearchFact> {
    const secrets = this.#held.filter(isSecret);
    const needles = secrets.flatMap((held) => needlesOf(nameOf(held), held.value));
    const canary = randomBytes(24);
    const planted = formsOf("planted", canary);
    const finder = new Finder([...needles, ...planted]);
    const hits = new Set<string>();
    let [count, bytes] = [0, 0];
    for await (const { name, pieces } of places) {
      const all: Uint8Array[] = [];
      for await (const piece of pieces) all.push(piece);
      const content = Buffer.concat(all);
      [count, bytes] = [count + 1, bytes + content.length];
      for (const label of finder.find(content)) hits.add(`${label} in ${name}`);
    }
    const found = new Set(planted.flatMap(({ bytes: form }) => finder.find(Buffer.concat([Buffer.from("x"), form]))));
    return {
      values: secrets.map(nameOf).sort(),
      forms: planted.length,
      places: count,
      bytes,
      provedByPlanted: planted.every(({ label }) => found.has(label)),
      hits: [...hits].sort(),
    };
  }
}

const nameOf = ({ entry, generation }: Held): string => `${entry}-g${generation}`;
const isSecret = ({ value }: Held): boolean => !value.includes("PUBLIC KEY");

/** What the state put into the stack's stores of the catalog's entries. */
function heldIn(exported: unknown): readonly Held[] {
  return valuesIn(exportedSchema.parse(exported))
    .filter(({ entry }) => findSecret(entry) !== undefined)
    .map(({ value, ...of }) => ({ ...of, value: Buffer.from(value, "utf8") }));
}
