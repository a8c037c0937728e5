import { at, isUnknownAt, listAt, numberAt, textAt } from "../model/properties.ts";
import type { Resource } from "../model/rule.ts";
import type { Problem } from "./problem.ts";

const ownerRead = 0o400;
/** Docker's own, where the service names none. */
const defaultMode = 0o444;

/** Secrets of a Swarm service: mode 0400, owned by the user that the service runs as. */
export function mountProblems({ type, props }: Resource): readonly Problem[] {
  if (type !== "docker:index:Service") return [];
  const container = at(props, "taskSpec", "containerSpec");
  return listAt(container, "secrets").flatMap((secret, index): Problem[] => {
    const path = `taskSpec.containerSpec.secrets[${index}]`;
    const mode = numberAt(secret, "fileMode") ?? defaultMode;
    const problems: Problem[] = [];
    if (!isUnknownAt(secret, "fileMode") && (mode & ~ownerRead) !== 0) {
      problems.push({
        rule: "file-mode",
        message: `${path} is mounted with mode 0${mode.toString(8)}: set fileMode: 0o400`,
      });
    }
    const owner = ownerProblem(container, secret);
    return owner === undefined ? problems : [...problems, { rule: "file-owner", message: `${path} ${owner}` }];
  });
}

function ownerProblem(container: unknown, secret: unknown): string | undefined {
  if (isUnknownAt(container, "user") || isUnknownAt(secret, "fileUid")) return undefined;
  const [user = ""] = (textAt(container, "user") ?? "").split(":");
  const owner = textAt(secret, "fileUid") ?? "0";
  if (user === "" || user === "0" || user === "root") return undefined;
  if (owner === "0" || owner === "") return `is owned by root, and the service runs as ${user}: set fileUid to its uid`;
  if (/^\d+$/.test(user) && owner !== user)
    return `is owned by ${owner}, and the service runs as ${user}: set fileUid: "${user}"`;
  return undefined;
}
