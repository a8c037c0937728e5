import type { Control } from "../control.ts";
import type { StartFact } from "../facts.ts";

export const providerAbstraction: Control = {
  id: "provider-abstraction",
  kind: "control",
  number: 3,
  title: "Provider abstraction supports multiple backends",
  how: "each built-in provider of the runtime library is asked for the same value; each image that holds secrets is started with every one of them, and with one that does not exist",
  async check(facts) {
    const [backends, starts] = await Promise.all([facts.backends(), facts.providers()]);
    const working = backends.filter(({ answersTheValue }) => answersTheValue);
    return {
      looked: starts.length,
      problems: [
        ...backends
          .filter(({ answersTheValue }) => !answersTheValue)
          .map(({ provider }) => `the provider ${provider} does not answer the value that it was given`),
        ...(working.length >= 2 ? [] : ["the runtime library has fewer than two backends that work"]),
        ...backends
          .filter(({ provider }) => !starts.some((start) => start.provider === provider))
          .map(({ provider }) => `no image was started with the provider ${provider}`),
        ...starts.flatMap(startProblems),
      ],
      seen: {
        backends,
        images: starts.map(({ service, provider, exitCode, reasons }) => ({ service, provider, exitCode, reasons })),
      },
    };
  },
};

/** A provider that an image knows is asked for the entries; one that it doesn't know is refused by name. */
function startProblems({ service, provider = "", reasons, required, named }: StartFact): readonly string[] {
  const unknown = reasons.includes("unknown-provider");
  if (provider === unknownProvider) {
    return unknown ? [] : [`${service} takes a provider that does not exist`];
  }
  if (unknown || reasons.includes("provider-unavailable")) return [`${service} does not know the provider ${provider}`];
  const silent = required.filter((entry) => !named.includes(entry));
  return silent.map((entry) => `${service} did not ask the provider ${provider} for ${entry}`);
}

/** A name that no provider has. */
export const unknownProvider = "nothing-of-that-name";
