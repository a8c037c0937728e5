/** IAM and KMS. */
import { IAM } from "@aws-sdk/client-iam";
import { KMS } from "@aws-sdk/client-kms";
import type { AwsKind } from "./provider.ts";
import { tagList, text } from "./inputs.ts";

const iam = new IAM();
const kms = new KMS();

const role: AwsKind = {
  replacing: ["name", "path"],
  autonamed: true,
  async create(inputs) {
    const name = text(inputs, "name") ?? "";
    const { Role: made } = await iam.createRole({
      RoleName: name,
      AssumeRolePolicyDocument: text(inputs, "assumeRolePolicy"),
      Description: text(inputs, "description"),
      Tags: tagList(inputs),
    });
    return { id: name, outs: { arn: made?.Arn, uniqueId: made?.RoleId } };
  },
  async update(id, inputs) {
    await iam.updateAssumeRolePolicy({ RoleName: id, PolicyDocument: text(inputs, "assumeRolePolicy") });
    return undefined;
  },
  delete: (id) => iam.deleteRole({ RoleName: id }),
};

const rolePolicy: AwsKind = {
  replacing: ["name", "role"],
  autonamed: true,
  async create(inputs) {
    const [RoleName, PolicyName] = [text(inputs, "role"), text(inputs, "name")];
    await iam.putRolePolicy({ RoleName, PolicyName, PolicyDocument: text(inputs, "policy") });
    return { id: `${RoleName}:${PolicyName}` };
  },
  async update(_id, inputs) {
    const [RoleName, PolicyName] = [text(inputs, "role"), text(inputs, "name")];
    await iam.putRolePolicy({ RoleName, PolicyName, PolicyDocument: text(inputs, "policy") });
    return undefined;
  },
  delete: (_id, inputs) => iam.deleteRolePolicy({ RoleName: text(inputs, "role"), PolicyName: text(inputs, "name") }),
};

const key: AwsKind = {
  replacing: [],
  async create(inputs) {
    const { KeyMetadata: made } = await kms.createKey({
      Description: text(inputs, "description"),
      Tags: tagList(inputs).map(({ Key, Value }) => ({ TagKey: Key, TagValue: Value })),
    });
    const id = made?.KeyId ?? "";
    if (inputs["enableKeyRotation"] === true) await kms.enableKeyRotation({ KeyId: id });
    return { id, outs: { arn: made?.Arn, keyId: id } };
  },
  update: () => Promise.resolve(undefined),
  delete: (id, inputs) =>
    kms.scheduleKeyDeletion({ KeyId: id, PendingWindowInDays: Number(inputs["deletionWindowInDays"] ?? 30) }),
};

const alias: AwsKind = {
  replacing: ["name"],
  async create(inputs) {
    const name = text(inputs, "name") ?? "";
    await kms.createAlias({ AliasName: name, TargetKeyId: text(inputs, "targetKeyId") });
    return { id: name };
  },
  async update(id, inputs) {
    await kms.updateAlias({ AliasName: id, TargetKeyId: text(inputs, "targetKeyId") });
    return undefined;
  },
  delete: (id) => kms.deleteAlias({ AliasName: id }),
};

export const identityKinds: Readonly<Record<string, AwsKind>> = {
  "aws:iam/role:Role": role,
  "aws:iam/rolePolicy:RolePolicy": rolePolicy,
  "aws:kms/key:Key": key,
  "aws:kms/alias:Alias": alias,
};
