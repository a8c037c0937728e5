import type { Control } from "../control.ts";
import { searchProblems, searchSeen } from "../search.ts";

export const encryptedAtRest: Control = {
  id: "encrypted-at-rest",
  kind: "practice",
  number: 4,
  title: "Encrypt secrets at rest (GPG encryption guide)",
  how: "the state's secrets provider and each of its values; the files of Pulumi's backend, the stack's config and, where this machine has them, the Swarm's Raft log, searched for each real value; the containers' secret files, which must be in memory; the networks between nodes",
  async check(facts) {
    const [rest, insides, production, services] = await Promise.all([
      facts.rest(),
      facts.insides(),
      facts.production(),
      facts.services(),
    ]);
    const files = insides.flatMap(({ service, files: found }) => found.map((file) => ({ service, ...file })));
    return {
      looked: rest.search.places,
      problems: [
        ...rest.stateProblems,
        ...searchProblems(rest.search, "it is on disk in the clear: remove it, and revoke it"),
        ...rest.plainNetworks.map((name) => `the network ${name} is not encrypted`),
        ...files
          .filter(({ fileSystem }) => fileSystem !== "tmpfs")
          .map(({ service, name, fileSystem }) => `${service} has ${name} on ${fileSystem}, not in memory`),
        ...(production && !rest.autolock
          ? ["the Swarm keeps the key of its Raft log beside it: docker swarm update --autolock=true"]
          : []),
      ],
      seen: {
        secretsProvider: rest.stateProvider,
        encryptedNetworks: rest.encryptedNetworks,
        filesInMemory: files.length,
        autolock: rest.autolock,
        // Vault encrypts it; the gate can't look into another machine's disk.
        notLookedAt: services.some(({ access }) => access !== undefined) ? ["Vault's own storage"] : [],
        ...searchSeen(rest.search),
      },
    };
  },
};
