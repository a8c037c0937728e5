import type { Control } from "../control.ts";

export const strongRandom: Control = {
  id: "strong-random",
  kind: "practice",
  number: 2,
  title: "Use strong, random secrets (minimum lengths enforced)",
  how: "each real value of the stack against its format in the catalog (length, charset, entropy, placeholders, key size), in this process's memory; and whether two entries or generations share one",
  async check(facts) {
    const [formats, repeated] = await Promise.all([facts.formats(), facts.repeated()]);
    return {
      looked: formats.length,
      problems: [
        ...formats.flatMap(({ name, reasons }) => reasons.map((reason) => `${name} ${reason}`)),
        ...repeated.map((names) => `${names} have the same value: rotate one of them`),
      ],
      seen: { checked: formats.map(({ name }) => name) },
    };
  },
};
