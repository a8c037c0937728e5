import type { Control } from "../control.ts";
import { searchProblems, searchSeen } from "../search.ts";

export const notInInspect: Control = {
  id: "not-in-inspect",
  kind: "control",
  number: 5,
  title: "Secrets not visible in docker inspect",
  how: "docker inspect of every service, task, container, image, network, secret and config, docker top and docker logs, searched for each real value of the stack in every form",
  async check(facts) {
    const search = await facts.shown();
    return {
      looked: search.places,
      problems: searchProblems(search, "take it out of there, and revoke it: goimg-secrets revoke"),
      seen: searchSeen(search),
    };
  },
};
