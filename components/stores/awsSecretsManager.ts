import type { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import { Secret } from "@pulumi/aws/secretsmanager/secret.js";
import { SecretPolicy } from "@pulumi/aws/secretsmanager/secretPolicy.js";
import * as pulumi from "@pulumi/pulumi";
import type { EntryName, SecretName } from "../catalog/grants.ts";
import type { GeneratedEntry } from "../secrets/generations.ts";
import { iamPolicy } from "./iamPolicy.ts";
import { versionIdOf } from "./provider/awsClient.ts";
import { StoresResource } from "./storesResource.ts";
import type { Consumer, Store, StoredEntry } from "./store.ts";

/** A service, and the role by which its values are read: on ECS, the one that starts its tasks. */
export interface AwsConsumer extends Consumer {
  readonly role: Role;
}

/** Who reads, and what is used. */
export interface AwsSecretsManagerStoreArgs {
  readonly consumers: readonly AwsConsumer[];
  /** The generation of each secret that clients use: what AWSCURRENT is put on. */
  readonly active: readonly { readonly secret: SecretName; readonly active: number }[];
  /** Days for which a deleted secret, and the key, can still be restored: 7 to 30. @default 30 */
  readonly recoveryDays?: number;
}

/**
 * The values of a stack in AWS Secrets Manager: one secret for each entry, whose version `generation-…G` is generation G, encrypted
 * with a key of the stack's own. Each consumer's role may read exactly the versions that it was granted, and no other role of the
 * account may read any, whatever its own policies say.
 *
 * Rule: a grant is a resource of its own. Why: Pulumi deletes last, so what a service would be rolled back to stays readable until
 * the update has gone well.
 *
 * @throws pulumi.RunError for recoveryDays that AWS does not take, before anything is registered
 */
export class AwsSecretsManagerStore extends pulumi.ComponentResource implements Store {
  readonly kind = "awsSecretsManager";
  /** `id` is what a task definition names in `valueFrom`; known once every consumer may read it. */
  readonly entries: readonly StoredEntry[];

  constructor(
    name: string,
    generated: readonly GeneratedEntry[],
    args: AwsSecretsManagerStoreArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const { recoveryDays = 30 } = args;
    if (!Number.isInteger(recoveryDays) || recoveryDays < 7 || recoveryDays > 30) {
      throw new pulumi.RunError("recoveryDays: a whole number of days from 7 to 30 is expected");
    }
    super("goimg:stores:AwsSecretsManager", name, {}, opts);
    const key = this.key(args);
    const secrets = new Map<EntryName, Secret>();
    for (const { entry } of generated) {
      if (!secrets.has(entry)) secrets.set(entry, this.secret(entry, key, args));
    }
    const decrypts = this.decrypts(key, secrets, args);
    const stored = generated.map((one) => ({ one, version: this.generation(one, required(secrets, one.entry)) }));
    this.entries = stored.map(({ one: { secret, entry, generation }, version }) => {
      const grants = this.grants({ entry, generation, version }, required(secrets, entry), args);
      const allowed = pulumi.all([...grants, ...decrypts].map((grant) => grant.id));
      const id = pulumi.all([version.id, allowed]).apply(([known]) => known);
      return {
        secret,
        entry,
        generation,
        id,
        name: pulumi.interpolate`${required(secrets, entry).name}, ${versionIdOf(generation)}`,
      };
    });
    for (const [entry, secret] of secrets) {
      const versions = stored.filter(({ one }) => one.entry === entry);
      this.labels(entry, secret, versions, args);
    }
    this.registerOutputs({});
  }

  private key({ recoveryDays = 30 }: AwsSecretsManagerStoreArgs): Key {
    const stack = pulumi.getStack();
    const key = new Key(
      "secrets",
      {
        description: `Values of goimg-secrets, stack ${stack}`,
        enableKeyRotation: true,
        deletionWindowInDays: recoveryDays,
        tags: { "goimg:stack": stack },
      },
      { parent: this },
    );
    new Alias("secrets", { name: `alias/goimg-${stack}`, targetKeyId: key.keyId }, { parent: this });
    return key;
  }

  /** A prefix, not a name: AWS keeps the name of a deleted secret for the days in which it can be restored. */
  private secret(entry: EntryName, key: Key, { consumers, recoveryDays = 30 }: AwsSecretsManagerStoreArgs): Secret {
    const stack = pulumi.getStack();
    const secret = new Secret(
      entry,
      {
        namePrefix: `goimg/${stack}/${entry}-`,
        kmsKeyId: key.arn,
        recoveryWindowInDays: recoveryDays,
        tags: { "goimg:stack": stack, "goimg:entry": entry },
      },
      { parent: this },
    );
    const readers = consumers.filter(({ secrets }) => secrets.includes(entry)).map(({ role }) => role.arn);
    new SecretPolicy(
      entry,
      { secretArn: secret.arn, policy: pulumi.all(readers).apply(nobodyBut), blockPublicPolicy: true },
      { parent: this },
    );
    return secret;
  }

  private generation({ entry, generation, value }: GeneratedEntry, secret: Secret): StoresResource {
    return new StoresResource(
      "goimg-stores:aws:Generation",
      `${entry}-g${generation}`,
      { secretArn: secret.arn, entry, generation, value: pulumi.secret(value) },
      { parent: this },
    );
  }

  private labels(
    entry: EntryName,
    secret: Secret,
    versions: readonly { readonly one: GeneratedEntry; readonly version: pulumi.Resource }[],
    { active }: AwsSecretsManagerStoreArgs,
  ): void {
    const live = versions.map(({ one }) => one.generation);
    const declared = active.find((state) => state.secret === versions[0]?.one.secret)?.active;
    if (declared === undefined || !live.includes(declared)) throw new Error(`${entry} has no active generation`);
    const previous = Math.max(0, ...live.filter((generation) => generation < declared));
    new StoresResource(
      "goimg-stores:aws:Labels",
      entry,
      { secretArn: secret.arn, generation: declared, previous },
      { parent: this, dependsOn: versions.map(({ version }) => version) },
    );
  }

  private grants(
    {
      entry,
      generation,
      version,
    }: { readonly entry: EntryName; readonly generation: number; readonly version: pulumi.Resource },
    secret: Secret,
    { consumers }: AwsSecretsManagerStoreArgs,
  ): readonly RolePolicy[] {
    return consumers
      .filter(({ secrets }) => secrets.includes(entry))
      .map(({ name, role }) => {
        const policy = secret.arn.apply((arn) => readsVersion(arn, versionIdOf(generation)));
        // Named: a random suffix makes it look like what it is about, to a policy that looks for values.
        const own = `${name}-${entry}-g${generation}`;
        return new RolePolicy(own, { name: own, role: role.name, policy }, { parent: this, dependsOn: version });
      });
  }

  private decrypts(
    key: Key,
    secrets: ReadonlyMap<EntryName, Secret>,
    { consumers }: AwsSecretsManagerStoreArgs,
  ): readonly RolePolicy[] {
    return consumers.flatMap(({ name, role, secrets: granted }) => {
      const arns = [...granted].sort().flatMap((entry) => secrets.get(entry)?.arn ?? []);
      if (arns.length === 0) return [];
      const policy = pulumi
        .all([key.arn, pulumi.all(arns)])
        .apply(([keyArn, secretArns]) => decrypts(keyArn, secretArns));
      return [new RolePolicy(`${name}-decrypt`, { role: role.name, policy }, { parent: this })];
    });
  }
}

/** A refusal counts before whatever else allows it: the account's administrators read no value either. */
export function nobodyBut(roleArns: readonly string[]): string {
  const others =
    roleArns.length === 0
      ? {}
      : { Condition: { StringNotEquals: { "aws:PrincipalArn": [...new Set(roleArns)].sort() } } };
  return iamPolicy({
    Sid: "OnlyConsumers",
    Effect: "Deny",
    Principal: "*",
    Action: "secretsmanager:GetSecretValue",
    Resource: "*",
    ...others,
  });
}

const readsVersion = (secretArn: string, versionId: string): string =>
  iamPolicy({
    Effect: "Allow",
    Action: "secretsmanager:GetSecretValue",
    Resource: secretArn,
    Condition: { StringEquals: { "secretsmanager:VersionId": versionId } },
  });

/** The key decrypts nothing but these secrets, and only for Secrets Manager. */
function decrypts(keyArn: string, secretArns: readonly string[]): string {
  const [, partition, , region] = keyArn.split(":");
  const service = `secretsmanager.${region ?? ""}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}`;
  return iamPolicy({
    Effect: "Allow",
    Action: "kms:Decrypt",
    Resource: keyArn,
    Condition: { StringEquals: { "kms:ViaService": service, "kms:EncryptionContext:SecretARN": [...secretArns] } },
  });
}

function required(secrets: ReadonlyMap<EntryName, Secret>, entry: EntryName): Secret {
  const secret = secrets.get(entry);
  if (secret === undefined) throw new Error(`${entry} has no secret in Secrets Manager`);
  return secret;
}
