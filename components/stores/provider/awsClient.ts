import type { SecretsManager } from "@aws-sdk/client-secrets-manager";
import { text, type Inputs, type Problems } from "./kind.ts";

/** ARN of a secret of Secrets Manager, with the six characters that AWS appends to its name. */
export const secretArnRule =
  /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]{1,512}-[A-Za-z0-9]{6}$/;

/** The property `secretArn`, or "" with a problem reported. */
export const secretArnOf = (inputs: Inputs, problems: Problems): string =>
  text(inputs, "secretArn", problems, secretArnRule, "the ARN of a secret of AWS Secrets Manager");

/**
 * Name of the version that is a generation: Secrets Manager takes it from whoever writes (32 to 64 characters) and never lets it be
 * used for another value.
 */
export const versionIdOf = (generation: number): string => `generation-${String(generation).padStart(21, "0")}`;

/** The generation of a version, or undefined for a version that is none of ours. */
export function generationOfVersion(versionId: string): number | undefined {
  const [, digits] = /^generation-(\d{21})$/.exec(versionId) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Staging label of a version that is live. A version without any label is deprecated, and AWS deletes it in its own time. */
export const liveLabel = (generation: number): string => `goimg-${generation}`;

/** A request that Secrets Manager refused. Its own message is left out: it may quote what was sent. */
export class SecretsManagerError extends Error {
  override readonly name = "SecretsManagerError";
  /** AWS' name of the refusal, such as `ResourceNotFoundException`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Asks Secrets Manager of the region that the ARN names, as the operator: AWS' own settings and files tell the credentials, so they
 * are in no state.
 *
 * @throws SecretsManagerError
 */
export async function ask<T>(
  secretArn: string,
  what: string,
  request: (client: SecretsManager) => Promise<T>,
): Promise<T> {
  try {
    return await request(await clientFor(secretArn.split(":")[3] ?? ""));
  } catch (error) {
    const code = (error as Error).name;
    throw new SecretsManagerError(code, `${what} ${secretArn}: ${code}${hints[code] ?? ""}`);
  }
}

/** Staging labels of each version that has one; undefined where there is no such secret, or its deletion is scheduled. */
export async function labelsOf(secretArn: string): Promise<Readonly<Record<string, readonly string[]>> | undefined> {
  try {
    const found = await ask(secretArn, "can't describe", (client) => client.describeSecret({ SecretId: secretArn }));
    return found.DeletedDate === undefined ? (found.VersionIdsToStages ?? {}) : undefined;
  } catch (error) {
    if (error instanceof SecretsManagerError && error.code === "ResourceNotFoundException") return undefined;
    throw error;
  }
}

const hints: Readonly<Record<string, string>> = {
  AccessDeniedException: ": allow the operator's role to do this (docs/stores.md)",
  CredentialsProviderError: ": log in to AWS (aws sso login), or set AWS_PROFILE",
  InvalidRequestException: ": its deletion may be scheduled (aws secretsmanager restore-secret)",
  LimitExceededException: ": a secret takes one change in ten minutes for long; wait, then run this again",
};

const clients = new Map<string, Promise<SecretsManager>>();

/** One for each region; the library is loaded when it is used, as stacks of other stores share this process' program. */
function clientFor(region: string): Promise<SecretsManager> {
  const known = clients.get(region);
  if (known !== undefined) return known;
  const made = import("@aws-sdk/client-secrets-manager").then((aws) => new aws.SecretsManager({ region }));
  clients.set(region, made);
  return made;
}
