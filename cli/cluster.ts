import type Docker from "dockerode";
import * as z from "zod";
import type { Target } from "../components/cluster/ssh/connection.ts";
import { remoteDocker } from "../components/cluster/ssh/remoteDocker.ts";
import { OperatorError } from "./error.ts";
import { pulumiOrFail, type PulumiOptions } from "./pulumi.ts";
import { exportedSchema, secretText } from "./stores/values.ts";

/** The machines of a stack's own Swarm, as its state knows them. Holds the operator's SSH key: in memory alone. */
export interface Machines {
  /** The manager that `pulumi up` speaks to as well. */
  readonly manager: Target;
  /** Every node, by the Swarm's number of it. */
  readonly nodes: ReadonlyMap<string, Target>;
}

/** Docker Engines of a stack's own Swarm, over SSH with the host keys that its state has. */
export interface ClusterEngines {
  readonly manager: Docker;
  /** @throws OperatorError for a node that the state does not know */
  readonly node: (id: string) => Docker;
}

const managerSchema = z.object({ host: z.string(), hostKey: z.string() });
const swarmSchema = z.object({ user: z.string(), managers: z.array(managerSchema) });
const nodeSchema = managerSchema.extend({ user: z.string() });

/**
 * Finds the machines in a state that `pulumi stack export --show-secrets` printed: what `components/cluster/swarm/formation.ts` made.
 *
 * @throws OperatorError if the Swarm is not formed yet
 */
export function machinesIn(exported: unknown): Machines {
  const { resources = [] } = exportedSchema.parse(exported).deployment;
  const of = (type: string) => resources.filter((one) => one.type === type && one.delete !== true);
  const [manager] = of("goimg-cluster:swarm:Swarm").flatMap(({ inputs = {} }) => {
    const { data } = swarmSchema.safeParse(inputs);
    const [first] = data?.managers ?? [];
    return data === undefined || first === undefined ? [] : [targetOf({ ...first, user: data.user }, inputs)];
  });
  if (manager === undefined) throw new OperatorError("its state has no Swarm yet: pulumi up");
  const nodes = of("goimg-cluster:swarm:Node").flatMap(({ inputs = {}, outputs = {} }) => {
    const { data } = nodeSchema.safeParse(inputs);
    const { nodeId } = outputs;
    return data === undefined || typeof nodeId !== "string" ? [] : [[nodeId, targetOf(data, inputs)] as const];
  });
  return { manager, nodes: new Map(nodes) };
}

/** @throws OperatorError without the key: who can't decrypt the state can't reach its machines */
function targetOf(
  { host, hostKey, user }: z.infer<typeof nodeSchema>,
  inputs: Readonly<Record<string, unknown>>,
): Target {
  const privateKey = secretText(inputs["privateKey"]);
  if (privateKey === undefined) throw new OperatorError(`its state has no SSH key for ${host}: pulumi up`);
  return { host, hostKey, user, privateKey };
}

/** The state is read with the first request: a command that asks no engine needs no passphrase. */
export function clusterEngines(stack: string, run: PulumiOptions): ClusterEngines {
  let reading: Promise<Machines> | undefined;
  const read = async (): Promise<Machines> => {
    const { stdout } = await pulumiOrFail(["stack", "export", "--show-secrets", "--stack", stack], run);
    return machinesIn(JSON.parse(stdout));
  };
  const machines = (): Promise<Machines> => (reading ??= read());
  return {
    manager: remoteDocker(async () => (await machines()).manager),
    node: (id) =>
      remoteDocker(async () => {
        const found = (await machines()).nodes.get(id);
        if (found === undefined) throw new OperatorError(`node ${id} is not in the state of ${stack}: pulumi up`);
        return found;
      }),
  };
}
