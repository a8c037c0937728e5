import * as z from "zod";
import { heldOf, type Observed, type ObservedService } from "../../components/cluster/swarm/observe.ts";
import { generationOfVersion } from "../../components/stores/provider/awsClient.ts";
import { entryOfVariable } from "../../runtime/environment.ts";
import { pulumiOrFail } from "../pulumi.ts";
import type { StackContext } from "../stack.ts";
import { exportedSchema } from "./values.ts";

/** One generation of one entry in AWS Secrets Manager (`components/stores/provider/awsGeneration.ts`), without its value. */
const generationSchema = z.object({
  type: z.literal("goimg-stores:aws:Generation"),
  urn: z.string(),
  created: z.string(),
  inputs: z.object({ entry: z.string(), generation: z.number() }),
});
/** A task's definition (`components/cluster/ecs/container.ts`). */
const definitionSchema = z.object({
  type: z.literal("aws:ecs/taskDefinition:TaskDefinition"),
  urn: z.string(),
  created: z.string(),
  inputs: z.object({ containerDefinitions: z.string() }),
});
const containersSchema = z.array(
  z.object({
    name: z.string(),
    secrets: z.array(z.object({ name: z.string(), valueFrom: z.string() })).default([]),
  }),
);

/**
 * What a stack's state says that its store has, and that its tasks are started with. Nothing that runs is asked, and nothing is decrypted.
 *
 * @throws OperatorError with what pulumi said
 */
export async function observeState({ stack, cwd, env }: StackContext): Promise<Observed> {
  const { stdout } = await pulumiOrFail(["stack", "export", "--stack", stack], { cwd, env, output: "capture" });
  return observedIn(JSON.parse(stdout));
}

/** The generations of AWS Secrets Manager in an exported state, and the services of ECS that read them. */
export function observedIn(exported: unknown): Observed {
  const { resources = [] } = exportedSchema.parse(exported).deployment;
  const secrets = resources.flatMap((resource) => {
    const { data } = generationSchema.safeParse(resource);
    if (data === undefined) return [];
    const { urn, created, inputs } = data;
    return [{ id: urn, entry: inputs.entry, generation: inputs.generation, createdAt: new Date(created) }];
  });
  const services = resources
    .filter((one) => one.delete !== true)
    .flatMap((resource) => {
      const { data } = definitionSchema.safeParse(resource);
      return data === undefined ? [] : servicesIn(data);
    });
  return { secrets, services };
}

/** One for each container: in the place of its tasks is what they are started with. */
function servicesIn({ urn, created, inputs }: z.infer<typeof definitionSchema>): readonly ObservedService[] {
  return containersSchema.parse(JSON.parse(inputs.containerDefinitions)).map(({ name, secrets }) => {
    const held = heldOf(secrets.flatMap(readOf));
    const task = {
      ...{ id: "definition", slot: 0, node: "", container: undefined, state: "running", ready: true },
      ...{ since: new Date(created), held, silent: true },
    };
    const settled = { replicas: 1, update: "settled", rolledBack: undefined, previous: undefined, failed: [] } as const;
    return { id: urn, name, spec: held, tasks: [task], ...settled };
  });
}

/** `DB_PASSWORD` or `DB_PASSWORD__1`, from the version `generation-…2` of a secret. */
function readOf({ name, valueFrom }: { readonly name: string; readonly valueFrom: string }) {
  const generation = generationOfVersion(valueFrom.split(":").at(-1) ?? "");
  return generation === undefined ? [] : [{ ...entryOfVariable(name), generation }];
}
