import * as pulumi from "@pulumi/pulumi";
import type { Manager } from "../provider/inputs.ts";
import type { Target } from "../ssh/connection.ts";

/** A machine that is to be a node. */
export interface Machine {
  readonly name: string;
  readonly role: "manager" | "worker";
  /** Its cloud's number: another machine may be given the same address. */
  readonly machine: pulumi.Output<string>;
  /** Where the operator reaches it. */
  readonly host: pulumi.Output<string>;
  /** Where the other nodes reach it. */
  readonly address: pulumi.Output<string>;
  /** The public key that it proves to have when it is reached for the first time, in OpenSSH's form. */
  readonly firstContactKey: pulumi.Output<string>;
  readonly availability: "active" | "drain";
  readonly labels: Readonly<Record<string, string>>;
}

/** Which machines, and how they are administered. */
export interface SwarmFormationArgs {
  readonly name: string;
  readonly machines: readonly Machine[];
  /** Who logs in by SSH. */
  readonly user: string;
  readonly privateKey: pulumi.Input<string>;
}

/**
 * A Swarm with autolock, formed over SSH with checked host keys (ADR 5). Join tokens and the unlock key are secret outputs of one
 * resource: they are in the encrypted state, and reach the nodes in the bodies of requests.
 */
export class SwarmFormation extends pulumi.ComponentResource {
  /** A manager to administer the Swarm by. The whole is a secret, for its key. */
  readonly manager: pulumi.Output<Target>;
  /** The nodes: whatever needs the whole Swarm depends on them. */
  readonly nodes: readonly pulumi.Resource[];

  constructor(name: string, { machines, user, ...args }: SwarmFormationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("goimg:cluster:SwarmFormation", name, {}, opts);
    const login = { user, privateKey: pulumi.secret(args.privateKey) };
    const known = machines.map((machine) => ({
      machine,
      hostKey: new HostKey(
        machine.name,
        { ...login, machine: machine.machine, host: machine.host, firstContactKey: machine.firstContactKey },
        this,
      ).hostKey,
    }));
    const managers = known
      .filter(({ machine }) => machine.role === "manager")
      .map(({ machine: { host, address }, hostKey }) => ({ host, address, hostKey }));
    const swarm = new Swarm(args.name, { ...login, name: args.name, managers }, this);
    const nodes: pulumi.Resource[] = [];
    for (const { machine, hostKey } of known) {
      const { name: node, role, host, address, availability, labels } = machine;
      const joinToken = role === "manager" ? swarm.managerToken : swarm.workerToken;
      const described = { name: node, role, host, address, availability, labels };
      const joining = { ...login, ...described, hostKey, managers, joinToken, unlockKey: swarm.unlockKey };
      // Managers one after the other, and the first one leaves last: a vote at a time.
      const before = nodes.filter((_one, index) => machines[index]?.role === "manager");
      nodes.push(new Node(node, joining, [...before], this));
    }
    this.nodes = nodes;
    // It depends on no node: one that is replaced must not seem to change the address of the Swarm.
    this.manager = pulumi.secret(
      pulumi.all([pulumi.all(managers), login.privateKey]).apply(([[first], privateKey]) => {
        if (first === undefined) throw new Error("a Swarm has a manager");
        return { user, privateKey, host: first.host, hostKey: first.hostKey };
      }),
    );
    this.registerOutputs({});
  }
}

interface Login {
  readonly user: string;
  readonly privateKey: pulumi.Input<string>;
}

class HostKey extends pulumi.CustomResource {
  declare readonly hostKey: pulumi.Output<string>;

  constructor(
    name: string,
    args: Login & Record<"machine" | "host" | "firstContactKey", pulumi.Input<string>>,
    parent: pulumi.Resource,
  ) {
    const opts = { parent, additionalSecretOutputs: ["privateKey"] };
    super("goimg-cluster:ssh:HostKey", name, { ...args, hostKey: undefined }, opts);
  }
}

type ManagerInputs = Record<keyof Manager, pulumi.Input<string>>;

class Swarm extends pulumi.CustomResource {
  declare readonly managerToken: pulumi.Output<string>;
  declare readonly workerToken: pulumi.Output<string>;
  declare readonly unlockKey: pulumi.Output<string>;

  constructor(
    name: string,
    args: Login & { readonly name: string; readonly managers: readonly ManagerInputs[] },
    parent: pulumi.Resource,
  ) {
    const tokens = { managerToken: undefined, workerToken: undefined, unlockKey: undefined };
    const opts = { parent, additionalSecretOutputs: ["privateKey", ...Object.keys(tokens)] };
    super("goimg-cluster:swarm:Swarm", name, { ...args, ...tokens }, opts);
  }
}

class Node extends pulumi.CustomResource {
  constructor(name: string, args: pulumi.Inputs, dependsOn: pulumi.Resource[], parent: pulumi.Resource) {
    const opts = { parent, dependsOn, additionalSecretOutputs: ["privateKey", "joinToken", "unlockKey"] };
    super("goimg-cluster:swarm:Node", name, { ...args, nodeId: undefined }, opts);
  }
}
