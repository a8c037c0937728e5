/** Secrets Manager: the secrets and their policies. Versions are written by this project's own provider. */
import { randomBytes } from "node:crypto";
import { SecretsManager } from "@aws-sdk/client-secrets-manager";
import type { AwsKind } from "./provider.ts";
import { tagList, text } from "./inputs.ts";

const manager = new SecretsManager();

const secret: AwsKind = {
  replacing: ["name", "namePrefix"],
  autonamed: true,
  async create(inputs) {
    const Name = text(inputs, "name") ?? `${text(inputs, "namePrefix") ?? ""}${randomBytes(13).toString("hex")}`;
    const { ARN } = await manager.createSecret({
      Name,
      KmsKeyId: text(inputs, "kmsKeyId"),
      Description: text(inputs, "description"),
      Tags: tagList(inputs),
    });
    return { id: ARN ?? "", outs: { arn: ARN, name: Name } };
  },
  async update(id, inputs) {
    await manager.updateSecret({ SecretId: id, KmsKeyId: text(inputs, "kmsKeyId") });
    return undefined;
  },
  delete: (id, inputs) =>
    manager.deleteSecret({ SecretId: id, RecoveryWindowInDays: Number(inputs["recoveryWindowInDays"] ?? 30) }),
};

const secretPolicy: AwsKind = {
  replacing: ["secretArn"],
  async create(inputs) {
    const id = text(inputs, "secretArn") ?? "";
    await manager.putResourcePolicy({
      SecretId: id,
      ResourcePolicy: text(inputs, "policy"),
      BlockPublicPolicy: inputs["blockPublicPolicy"] === true,
    });
    return { id };
  },
  async update(id, inputs) {
    await manager.putResourcePolicy({ SecretId: id, ResourcePolicy: text(inputs, "policy") });
    return undefined;
  },
  delete: (id) => manager.deleteResourcePolicy({ SecretId: id }),
};

export const secretKinds: Readonly<Record<string, AwsKind>> = {
  "aws:secretsmanager/secret:Secret": secret,
  "aws:secretsmanager/secretPolicy:SecretPolicy": secretPolicy,
};
