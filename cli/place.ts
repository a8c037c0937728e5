import { OperatorError } from "./error.ts";

/** Where a stack's services run: on the one engine at DOCKER_HOST, on a Swarm of the stack's own machines, on ECS, or on App Platform. */
export type Place = "engine" | "cluster" | "ecs" | "appPlatform";

const places: Readonly<Record<string, Place>> = { prod: "cluster", aws: "ecs", app: "appPlatform" };

/** Where an environment's services run (`stacks/`). */
export const placeOf = (environment: string): Place => places[environment] ?? "engine";

const onlySwarm = "it knows Swarm alone: edit the declared generations and run pulumi up (docs/aws.md)";
const noEngine =
  "App Platform has no engine to ask: edit the declared generations and run pulumi up (docs/appPlatform.md)";
const oneMachine = "it looks into the containers and files of one machine, and this stack has several";

/** Commands that one reason keeps from working. */
const each = <Command extends string>(why: string, ...commands: readonly Command[]) =>
  Object.fromEntries(commands.map((command) => [command, why])) as Readonly<Record<Command, string>>;

/** Those that ask a Swarm what runs, and change it. */
const ofSwarm = [
  ...(["rotate", "rollback", "revoke", "retire", "migrate", "gate", "report", "schedule"] as const),
  ...(["audit --record", "audit --follow", "audit --rules", "audit --reads"] as const),
] as const;

/** Commands that can't work in a place, and why. */
const refused = {
  engine: {},
  cluster: {
    gate: oneMachine,
    report: `it runs the gate, and ${oneMachine}`,
    migrate: "it starts programs to read values back, which was never tried there",
    schedule: "a unit can't hold DIGITALOCEAN_TOKEN: run goimg-secrets rotate --due where the token is",
    drill: "it brings services up on one engine, and this stack makes its own machines",
    "audit --rules": "they are rules for one machine's auditd: run it on the node itself, against its own engine",
    "audit --reads": "they are records of one machine's auditd: run it on the node itself, against its own engine",
  },
  ecs: {
    ...each(onlySwarm, ...ofSwarm),
    metrics: "there is no exporter on ECS (docs/aws.md)",
    drill: "it brings services up on one engine, and this stack runs on ECS",
  },
  appPlatform: each(noEngine, ...ofSwarm, "status", "calendar", "metrics", "drill"),
} as const satisfies Readonly<Record<Place, Readonly<Record<string, string>>>>;

/** A command that does not work everywhere. */
export type LimitedCommand = { [P in Place]: keyof (typeof refused)[P] }[Place];

/** @throws OperatorError that says why the command can't work on that stack, before anything is asked or changed */
export function needsPlace(
  command: LimitedCommand,
  { stack, place }: { readonly stack: string; readonly place: Place },
): void {
  const reasons: Readonly<Record<string, string>> = refused[place];
  const why = reasons[command];
  if (why !== undefined) throw new OperatorError(`${command} can't be used on ${stack}: ${why}`, 2);
}
