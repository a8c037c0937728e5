import type { Control } from "../control.ts";

export const buildValidation: Control = {
  id: "build-validation",
  kind: "practice",
  number: 10,
  title: "Validate secret format at build time",
  how: "a preview of the stack from nothing with the policy pack; and one with a malformed value of a third party's secret, which must be refused before anything is made",
  async check(facts) {
    const { policies, resources, violations, failure, malformed } = await facts.build();
    return {
      looked: resources,
      problems: [
        ...violations
          .filter(({ level }) => level === "mandatory")
          .map(({ policy, rule, message }) => `${policy} [${rule}] ${message}`),
        ...(failure === undefined ? [] : [failure]),
        ...(policies.length > 0 ? [] : ["the policy pack is empty"]),
        ...(malformed.refused ? [] : [`a preview takes a malformed ${malformed.entry}`]),
      ],
      seen: { policies, resources, malformed },
    };
  },
};
