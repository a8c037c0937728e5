import { findSecret } from "../../../components/catalog/grants.ts";
import type { Control } from "../control.ts";

export const expiryTracked: Control = {
  id: "expiry-tracked",
  kind: "practice",
  number: 8,
  title: "Implement secret expiry tracking",
  how: "each secret's active generation: when the store says that it was made, its period in the catalog, and the day on which it is due",
  async check(facts) {
    const [status, store] = await Promise.all([facts.status(), facts.store()]);
    return {
      looked: status.length,
      problems: [
        ...status
          .filter(({ inDays }) => inDays < 0)
          .map(
            ({ secret, due, inDays }) =>
              `${secret} was due on ${due.slice(0, 10)}, ${-inDays} days ago: goimg-secrets rotate ${secret}`,
          ),
        ...store
          .filter(({ createdAt }) => Number.isNaN(createdAt.getTime()))
          .map(({ entry, generation }) => `when ${entry}-g${generation} was made is not known`),
        ...store
          .filter(({ entry }) => !status.some(({ secret }) => secret === findSecret(entry)))
          .map(({ entry }) => `${entry} is in the store, and no due date is known of it: add it to the catalog`),
      ],
      seen: { due: Object.fromEntries(status.map(({ secret, due, inDays }) => [secret, { due, inDays }])) },
    };
  },
};
