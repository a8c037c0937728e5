/**
 * What IAM would answer, from the policies that moto keeps: moto evaluates none of them. It knows the forms that the stack's policies
 * have, and ends the test at any other, so that it never says yes to what it did not understand.
 */
import { IAM } from "@aws-sdk/client-iam";
import { SecretsManager } from "@aws-sdk/client-secrets-manager";

/** One request: an action on a resource, with what its conditions look at. */
export interface AwsRequest {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
}

interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: unknown;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Statements of a role's own policies. */
export async function roleStatements(role: string): Promise<readonly Statement[]> {
  const iam = new IAM();
  const { PolicyNames: names = [] } = await iam.listRolePolicies({ RoleName: role, MaxItems: 1000 });
  const policies = names.map((name) => iam.getRolePolicy({ RoleName: role, PolicyName: name }));
  return (await Promise.all(policies)).flatMap(({ PolicyDocument: text }) =>
    statementsOf(decodeURIComponent(text ?? "")),
  );
}

/** Statements of the policy on a secret. */
export async function secretStatements(secretArn: string): Promise<readonly Statement[]> {
  const { ResourcePolicy: text } = await new SecretsManager().getResourcePolicy({ SecretId: secretArn });
  return text === undefined ? [] : statementsOf(text);
}

/** Whether the role of that ARN may read that version. */
export async function mayRead(roleArn: string, secretArn: string, versionId: string): Promise<boolean> {
  const [own, onSecret] = await Promise.all([roleStatements(nameOf(roleArn)), secretStatements(secretArn)]);
  return reads([...own, ...onSecret], { roleArn, secretArn, versionId });
}

/** Name of the role of an ARN. */
export const nameOf = (roleArn: string): string => roleArn.split("/").at(-1) ?? "";

/** By the statements of a role and of a secret: a refusal counts first, then something has to allow it. */
export function reads(
  statements: readonly Statement[],
  {
    roleArn,
    secretArn,
    versionId,
  }: { readonly roleArn: string; readonly secretArn: string; readonly versionId: string },
): boolean {
  const request: AwsRequest = {
    action: "secretsmanager:GetSecretValue",
    resource: secretArn,
    context: { "aws:PrincipalArn": roleArn, "secretsmanager:VersionId": versionId },
  };
  const matching = statements.filter((statement) => applies(statement, request));
  return matching.some(({ Effect }) => Effect === "Allow") && !matching.some(({ Effect }) => Effect === "Deny");
}

function statementsOf(text: string): readonly Statement[] {
  const { Statement: found } = JSON.parse(text) as { Statement: Statement | readonly Statement[] };
  return Array.isArray(found) ? (found as readonly Statement[]) : [found as Statement];
}

function applies(statement: Statement, { action, resource, context }: AwsRequest): boolean {
  const known = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
  const other = Object.keys(statement).find((key) => !known.includes(key));
  if (other !== undefined) throw new Error(`this test does not know ${other} in a policy`);
  if (statement.Principal !== undefined && statement.Principal !== "*")
    throw new Error("a principal is not understood");
  const isOnSecret = statement.Principal !== undefined;
  if (!list(statement.Action).includes(action)) return false;
  if (!list(statement.Resource).some((one) => one === resource || (isOnSecret && one === "*"))) return false;
  return Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => {
      const actual = context[key];
      if (actual === undefined) throw new Error(`this test does not know the condition ${key}`);
      if (operator === "StringEquals") return list(values).includes(actual);
      if (operator === "StringNotEquals") return !list(values).includes(actual);
      throw new Error(`this test does not know ${operator} in a policy`);
    }),
  );
}

const list = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);
