import type { Control } from "../control.ts";

export const neverCommitted: Control = {
  id: "never-committed",
  kind: "practice",
  number: 1,
  title: "Never commit secrets to version control",
  how: "every object of the git repositories, on any branch or none, searched for each real value of the stack as files write it",
  async check(facts) {
    const { repositories, commits, searched, seen } = await facts.history();
    return {
      looked: searched.length === 0 ? 0 : commits,
      problems: seen.map(
        (sighting) => `${sighting}: it is known to everyone who has the repository; goimg-secrets revoke`,
      ),
      seen: { repositories: repositories.length, commits, searched },
    };
  },
};
