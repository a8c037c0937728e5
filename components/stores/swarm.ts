import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { GeneratedEntry } from "../secrets/generations.ts";
import { maxValueBytes } from "./provider/kind.ts";
import type { DeliveringStore, Delivery, StoredEntry } from "./store.ts";

/**
 * The values of a stack as Docker Swarm secrets: encrypted at rest in the managers' Raft log, sent only to nodes that
 * run a task with a grant, and mounted from memory.
 *
 * Rule: no explicit `name`, and labels that never change. Why: name, data and labels all replace the secret, and
 * Swarm refuses to delete one in use, so its replacement must be created first, which takes a name of its own.
 */
export class SwarmStore extends pulumi.ComponentResource implements DeliveringStore {
  readonly kind = "swarm";
  readonly delivery: Delivery = { kind: "mounts" };
  readonly entries: readonly StoredEntry[];

  constructor(name: string, generated: readonly GeneratedEntry[], opts?: pulumi.ComponentResourceOptions) {
    super("goimg:stores:Swarm", name, {}, opts);
    const stack = pulumi.getStack();
    this.entries = generated.map(({ secret, entry, generation, value }) => {
      const stored = new docker.Secret(
        `${entry}-g${generation}`,
        {
          data: encode(value),
          labels: [
            { label: "goimg.stack", value: stack },
            { label: "goimg.entry", value: entry },
            { label: "goimg.generation", value: String(generation) },
          ],
        },
        { parent: this },
      );
      return { secret, entry, generation, id: stored.id, name: stored.name };
    });
    this.registerOutputs({});
  }
}

/**
 * Base64, as the Docker API takes it. The one place that encodes: the provider prints a value that is not base64.
 *
 * @throws if the value is empty or larger than Swarm takes; the message holds neither the value nor its length.
 */
export function encode(value: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.secret(value).apply((plain) => {
    const bytes = Buffer.from(plain, "utf8");
    if (bytes.length === 0) throw new Error("a Swarm secret can't be empty");
    if (bytes.length > maxValueBytes) throw new Error(`a Swarm secret holds at most ${maxValueBytes} bytes`);
    return bytes.toString("base64");
  });
}
