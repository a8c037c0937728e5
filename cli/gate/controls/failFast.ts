import type { Control } from "../control.ts";

export const failFast: Control = {
  id: "fail-fast",
  kind: "control",
  number: 4,
  title: "Fail-fast on missing required secrets",
  how: "the image of each service that holds secrets is started as the stack starts it, with its manifest and without its secrets: it must end with an error that names each of them",
  async check(facts) {
    const [services, starts] = await Promise.all([facts.services(), facts.starts()]);
    const holders = [...new Set(services.filter(({ mounts }) => mounts.length > 0).map(({ name }) => name))];
    return {
      looked: starts.length,
      problems: [
        ...holders
          .filter((name) => !starts.some(({ service }) => service === name))
          .map((name) => `${name} holds secrets and was not started without them`),
        ...starts.flatMap(({ service, exitCode, required, named }) => {
          if (exitCode === undefined)
            return [`${service} runs without its secrets: load them with runtime/ at its start`];
          if (exitCode === 0) return [`${service} ends with 0 without its secrets`];
          return required
            .filter((entry) => !named.includes(entry))
            .map((entry) => `${service} does not say that ${entry} is missing`);
        }),
      ],
      seen: { starts: starts.map(({ service, exitCode, named, reasons }) => ({ service, exitCode, named, reasons })) },
    };
  },
};
