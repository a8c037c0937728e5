import type { Control } from "../control.ts";

export const separateEnvironments: Control = {
  id: "separate-environments",
  kind: "practice",
  number: 5,
  title: "Use separate secrets per environment",
  how: "the stack that each mounted secret belongs to, by its labels; the values of every other stack of the backend, compared with this one's; the encryption salts of the stacks' config files",
  async check(facts) {
    const [services, stacks, store] = await Promise.all([facts.services(), facts.stacks(), facts.store()]);
    const own = new Set(store.map(({ entry, generation }) => `${entry} ${generation}`));
    const mounts = services.flatMap(({ name, mounts: held }) => held.map((mount) => ({ service: name, ...mount })));
    return {
      looked: mounts.length,
      problems: [
        ...mounts
          .filter(({ login }) => login === undefined)
          .filter(({ entry, generation }) => !own.has(`${entry ?? ""} ${generation ?? 0}`))
          .map(({ service, file, stack }) =>
            stack === undefined
              ? `${service} mounts ${file}, a secret that belongs to no stack`
              : `${service} mounts ${file} of the stack ${stack}`,
          ),
        ...stacks.others.flatMap(({ stack, shared }) =>
          shared.map((name) => `${name} has the same value in the stack ${stack}: rotate it here`),
        ),
        ...stacks.sameSalt.map((file) => `${file} has this stack's encryption salt: give it a passphrase of its own`),
      ],
      seen: { mounts: mounts.length, otherStacks: stacks.others.map(({ stack }) => stack) },
    };
  },
};
