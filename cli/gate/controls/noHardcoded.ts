import type { Control } from "../control.ts";
import { searchProblems, searchSeen } from "../search.ts";

export const noHardcoded: Control = {
  id: "no-hardcoded-secrets",
  kind: "control",
  number: 2,
  title: "No hardcoded secrets in config files",
  how: "every config file of the project, read by goimg-secrets scan; and every file that git has or would take, searched for each real value of the stack in every form",
  async check(facts) {
    const { scanned, findings, search } = await facts.files();
    return {
      looked: scanned.length,
      problems: [
        ...findings.map((finding) => `${finding}: take it out, and rotate what it was`),
        ...searchProblems(search, "take it out, and revoke it"),
      ],
      seen: { configFiles: scanned, ...searchSeen(search) },
    };
  },
};
