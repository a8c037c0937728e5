import { at, isRecord, isUnknown, listAt } from "../model/properties.ts";
import type { Resource } from "../model/rule.ts";
import { fromJson } from "../surface/encodings.ts";
import type { Problem } from "./problem.ts";

/** Properties of AWS resources that hold an access policy. */
const policyProperties: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    "aws:iam:Policy": ["policy"],
    "aws:iam:RolePolicy": ["policy"],
    "aws:iam:UserPolicy": ["policy"],
    "aws:iam:GroupPolicy": ["policy"],
    "aws:secretsmanager:SecretPolicy": ["policy"],
    "aws:secretsmanager:Secret": ["policy"],
  }),
);

/** Statements that allow reading secrets must name exactly which. */
export function accessProblems({ type, props }: Resource): readonly Problem[] {
  const own = (policyProperties.get(type) ?? []).flatMap((property) =>
    documentProblems(at(props, property), property, type.startsWith("aws:secretsmanager:")),
  );
  if (type !== "aws:iam:Role") return own;
  return listAt(props, "inlinePolicies").flatMap((inline, index) =>
    documentProblems(at(inline, "policy"), `inlinePolicies[${index}].policy`, false),
  );
}

/** `isOnSecret`: the policy is attached to one secret, so that its `Resource: "*"` is that secret. */
function documentProblems(document: unknown, path: string, isOnSecret: boolean): readonly Problem[] {
  const parsed = typeof document === "string" ? fromJson(document) : document;
  const statements = at(parsed, "Statement");
  const list = Array.isArray(statements) ? (statements as unknown[]) : [statements];
  return list.flatMap((statement, index) => {
    if (!isRecord(statement) || statement["Effect"] !== "Allow") return [];
    return statementProblems(statement, `${path}.Statement[${index}]`, isOnSecret).map((message) => ({
      rule: "access",
      message,
    }));
  });
}

function statementProblems(statement: Record<string, unknown>, path: string, isOnSecret: boolean): readonly string[] {
  const actions = texts(statement["Action"]);
  const notActions = texts(statement["NotAction"]);
  const reads = actions.filter(readsSecrets);
  if (reads.length === 0 && notActions.length === 0) return [];
  const problems: string[] = [];
  if (notActions.length > 0 && !notActions.some((action) => action === "*" || /^secretsmanager:\*$/i.test(action))) {
    problems.push(`${path} allows all actions but some (NotAction), reading secrets among them: list the actions`);
  }
  if (reads.some((action) => action.includes("*"))) {
    problems.push(
      `${path}.Action has a wildcard that covers reading secrets: list the actions, such as secretsmanager:GetSecretValue`,
    );
  }
  if (statement["NotResource"] !== undefined) {
    problems.push(`${path} allows all resources but some (NotResource): name the secrets' ARNs`);
  }
  if (!isOnSecret && texts(statement["Resource"]).some((resource) => /[*?]/.test(resource))) {
    problems.push(`${path}.Resource has a wildcard: name the exact ARNs of the secrets`);
  }
  if (
    isOnSecret &&
    (texts(statement["Principal"]).includes("*") || texts(at(statement, "Principal", "AWS")).includes("*"))
  ) {
    problems.push(`${path}.Principal is everyone: name the roles`);
  }
  return problems;
}

/** Actions that answer a secret's value, in any of the ways that IAM lets them be written. */
const readingActions = [
  "secretsmanager:getsecretvalue",
  "secretsmanager:batchgetsecretvalue",
  "ssm:getparameter",
  "ssm:getparameters",
  "ssm:getparametersbypath",
  "kms:decrypt",
];

function readsSecrets(action: string): boolean {
  const pattern = action
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return readingActions.some((reading) => new RegExp(`^${pattern}$`).test(reading));
}

function texts(value: unknown): readonly string[] {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  return list.filter((item): item is string => typeof item === "string" && !isUnknown(item));
}
