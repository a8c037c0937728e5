import { secretSpecs } from "../../../components/catalog/grants.ts";
import type { Control } from "../control.ts";
import type { AcceptedFact, ServiceFact } from "../facts.ts";

export const rotation: Control = {
  id: "zero-downtime-rotation",
  kind: "control",
  number: 6,
  title: "Zero-downtime rotation capability",
  how: "specs of the services that hold secrets (start first, health check, roll back, more than one task behind the gateway); what runs against what is declared; what PostgreSQL, Redis, S3 and the API accept, asked of them, against the live generations",
  async check(facts) {
    const [services, status, accepted] = await Promise.all([facts.services(), facts.status(), facts.accepted()]);
    const dual = status.filter(({ strategy }) => !["external", "redeploy"].includes(strategy));
    return {
      looked: status.length,
      problems: [
        ...rolloutProblems(services),
        ...status.flatMap(({ secret, unsettled }) => unsettled.map((reason) => `${secret}: ${reason}`)),
        ...status
          .filter(({ generations }) => generations.length > 2)
          .map(({ secret }) => `${secret} has more than two generations: finish its rotation (goimg-secrets rotate)`),
        ...dual
          .filter(({ secret }) => !accepted.some((fact) => fact.secret === secret))
          .map(({ secret }) => `no server was asked which generations of ${secret} it accepts`),
        ...accepted.flatMap(acceptedProblems),
      ],
      seen: {
        secrets: Object.fromEntries(
          status.map(({ secret, active, generations }) => [
            secret,
            {
              strategy: secretSpecs[secret].strategy,
              active,
              phases: Object.fromEntries(generations.map(({ generation, phase }) => [generation, phase])),
            },
          ]),
        ),
        accepted,
      },
    };
  },
};

function rolloutProblems(services: readonly ServiceFact[]): readonly string[] {
  const edges = new Set(services.filter(({ publishes }) => publishes).flatMap(({ networks }) => networks));
  return services
    .filter(({ mounts, job }) => mounts.length > 0 && !job)
    .flatMap(({ name, order, rollbackOrder, onFailure, hasHealth, replicas, networks, publishes }) => [
      ...(order === "start-first" && rollbackOrder === "start-first"
        ? []
        : [`${name} stops its old task before the new one is healthy: set the update's order to start-first`]),
      ...(onFailure === "rollback" ? [] : [`${name} does not roll back when an update fails`]),
      ...(hasHealth ? [] : [`${name} has no health check: nothing tells when its new task may take over`]),
      ...(replicas < 2 && !publishes && networks.some((network) => edges.has(network))
        ? [`${name} is behind the gateway with one task: give it two`]
        : []),
    ]);
}

function acceptedProblems({ server, secret, live, accepts }: AcceptedFact): readonly string[] {
  return [
    ...live
      .filter((generation) => !accepts.includes(generation))
      .map((generation) => `${server} does not accept generation ${generation} of ${secret}, which is live`),
    ...accepts
      .filter((login) => typeof login === "string" || !live.includes(login))
      .map((login) =>
        typeof login === "number"
          ? `${server} still accepts generation ${login} of ${secret}, which is retired`
          : `${server} accepts ${login}, which is none of the stack's`,
      ),
  ];
}
