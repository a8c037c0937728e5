import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { EntryName } from "../catalog/grants.ts";
import type { GeneratedEntry } from "../secrets/generations.ts";
import type { Store, StoredEntry } from "./store.ts";

/** Bytes of a value: what AWS takes, and half of what Linux takes for one variable. App Platform documents no limit. */
export const maxVariableBytes = 65_536;

/** A generation's name: `DB_PASSWORD.2`. */
const nameOf = ({ entry, generation }: { readonly entry: EntryName; readonly generation: number }): string =>
  `${entry}.${generation}`;

/** What the last update that went well has handed over: SHA-256 of each generation's value, by its name. Kept as a secret. */
export type Delivered = Readonly<Record<string, string>>;

/**
 * The values of a stack as variables of the type SECRET of the components that were granted them: App Platform keeps no store beside its
 * apps' specs, so a value is in the spec of each component that reads it, encrypted, and nowhere else.
 *
 * Rule: what App Platform has already is given back to it in its own ciphertext. Why: it answers `EV[1:…]` for a value, whoever asks,
 * and the provider compares that with what is declared: a value in the clear is a difference, and a deployment, in every update
 * (terraform-provider-digitalocean, issues 514, 869 and 1603; the ciphertext is what its maintainers advise).
 */
export class DigitalOceanStore extends pulumi.ComponentResource implements Store {
  readonly kind = "digitalocean";
  readonly entries: readonly StoredEntry[];
  /** For the next update: see {@link Delivered}. A secret. */
  readonly delivered: pulumi.Output<Delivered>;
  private readonly values: ReadonlyMap<string, pulumi.Output<string>>;
  private readonly before: Delivered;

  /** @param before what the last update answered as {@link delivered}; nothing before the first one */
  constructor(
    name: string,
    generated: readonly GeneratedEntry[],
    before: Delivered = {},
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("goimg:stores:DigitalOcean", name, {}, opts);
    this.before = before;
    this.values = new Map(generated.map((one) => [nameOf(one), storable(one)]));
    this.entries = generated.map(({ secret, entry, generation, value }) => {
      // Known once there is a value, so that it depends on its generator.
      const stored = pulumi.unsecret(value.apply(() => nameOf({ entry, generation })));
      return { secret, entry, generation, id: stored, name: stored };
    });
    const hashes = [...this.values].map(([key, value]) => value.apply((plain) => [key, hash(plain)] as const));
    this.delivered = pulumi.secret(pulumi.all(hashes).apply((pairs) => Object.fromEntries(pairs)));
    this.registerOutputs({});
  }

  /**
   * What a component's variable is set to.
   *
   * @param ciphertext what App Platform answers for this variable, if it holds this very generation
   * @throws Error if this generation was not put into the store
   */
  valueFor(entry: EntryName, generation: number, ciphertext: string | undefined): pulumi.Output<string> {
    const name = nameOf({ entry, generation });
    const value = this.values.get(name);
    if (value === undefined) throw new Error(`generation ${name} was not put into the store`);
    return value.apply((plain) => (ciphertext !== undefined && this.before[name] === hash(plain) ? ciphertext : plain));
  }
}

const hash = (value: string): string => createHash("sha256").update(value, "utf8").digest("hex");

/** @throws Error that names the entry and what is wrong, in the update, before anything is deployed */
function storable({ entry, generation, value }: GeneratedEntry): pulumi.Output<string> {
  return pulumi.secret(value).apply((plain) => {
    const problem = problemOf(plain);
    if (problem !== undefined) throw new Error(`${nameOf({ entry, generation })} ${problem}`);
    return plain;
  });
}

/** Why App Platform would not hand a value over as it is. Says nothing of the value. */
export function problemOf(value: string): string | undefined {
  if (value === "") return "is empty: supply a value";
  if (Buffer.byteLength(value, "utf8") > maxVariableBytes)
    return `is larger than a variable can be: at most ${maxVariableBytes} bytes`;
  if (value.includes("\u0000")) return "has a NUL character, which can't be in an environment: no NUL";
  if (value.includes("${"))
    return "has a dollar sign before a brace, which App Platform replaces: have another one issued";
  if (value.startsWith("EV[")) return "begins as App Platform's own ciphertexts do: have another one issued";
  return undefined;
}
