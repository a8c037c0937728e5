import * as pulumi from "@pulumi/pulumi";
import { variableOf } from "../../runtime/envFile.ts";
import type { GeneratedEntry } from "../secrets/generations.ts";
import type { Store, StoredEntry } from "./store.ts";

/** Where the file is, and what it is for. */
export interface EnvStoreArgs {
  /**
   * Absolute path, outside any git repository.
   *
   * @example "/home/dev/.local/state/goimg-secrets/env/dev.env"
   */
  readonly file: string;
  /** Whether this stack is production: then there is no such store. */
  readonly production: boolean;
}

/**
 * The values of a stack in one 0600 file, for development without Docker. Whoever may read the file has every value: there are no
 * grants here, so it is refused in production by this component, by the policy `development-store`, and by the runtime.
 *
 * @throws pulumi.RunError in production, before anything is written
 */
export class EnvStore extends pulumi.ComponentResource implements Store {
  readonly kind = "env";
  readonly entries: readonly StoredEntry[];

  constructor(
    name: string,
    generated: readonly GeneratedEntry[],
    { file, production }: EnvStoreArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    if (production) throw new pulumi.RunError("the env store is for development: use SwarmStore");
    super("goimg:stores:Env", name, {}, opts);
    this.entries = generated.map(({ secret, entry, generation, value }) => {
      const stored = new EnvEntry(`${entry}-g${generation}`, { file, entry, generation, value }, { parent: this });
      return { secret, entry, generation, id: stored.id, name: pulumi.output(variableOf(entry, generation)) };
    });
    this.registerOutputs({});
  }
}

class EnvEntry extends pulumi.CustomResource {
  constructor(
    name: string,
    args: {
      readonly file: string;
      readonly entry: string;
      readonly generation: number;
      readonly value: pulumi.Input<string>;
    },
    opts: pulumi.CustomResourceOptions,
  ) {
    super(
      "goimg-stores:env:Entry",
      name,
      { ...args, value: pulumi.secret(args.value) },
      { ...opts, additionalSecretOutputs: ["value"] },
    );
  }
}
