import { createHash } from "node:crypto";
import { Role } from "@pulumi/aws/iam/role.js";
import { SecretsManager } from "@aws-sdk/client-secrets-manager";
import { AwsSecretsManagerStore } from "../../../components/stores/awsSecretsManager.ts";
import { maxSecretBytes } from "../../../components/stores/provider/awsGeneration.ts";
import { generationOfVersion, liveLabel, versionIdOf } from "../../../components/stores/provider/awsClient.ts";
import { createProvider } from "../../../runtime/provider.ts";
import { mayRead, nameOf, roleStatements, secretStatements } from "./awsAccess.ts";
import { fakeAws, startMoto } from "./motoServer.ts";
import { keyOf, type StoreUnderTest } from "./storeUnderTest.ts";

/** AWS Secrets Manager on a moto server, read as ECS' agent does: by the consumer's role, into settings of its environment. */
export async function awsStore(): Promise<StoreUnderTest> {
  const server = await startMoto();
  const manager = new SecretsManager();
  const roles = new Map<string, string>();
  const secrets = async (): Promise<ReadonlyMap<string, string>> => {
    const { SecretList: list = [] } = await manager.listSecrets({ MaxResults: 100 });
    return new Map(
      list.map(({ ARN = "", Tags = [] }) => [Tags.find(({ Key }) => Key === "goimg:entry")?.Value ?? "", ARN]),
    );
  };
  const described = async () =>
    Promise.all(
      [...(await secrets())].map(async ([entry, arn]) => ({
        entry,
        ...(await manager.describeSecret({ SecretId: arn })),
      })),
    );
  return {
    kind: "awsSecretsManager",
    env: server.env,
    plugins: [fakeAws],
    grants: true,
    remembersNumbers: true,
    maxBytes: maxSecretBytes,
    withoutNul: true,
    type: "goimg-stores:aws:Generation",
    make(generated, consumers) {
      const assumeRolePolicy = JSON.stringify({ Version: "2012-10-17", Statement: [] });
      const readers = consumers.map((consumer) => {
        const role = new Role(consumer.name, { assumeRolePolicy });
        role.arn.apply((arn) => roles.set(consumer.name, arn));
        return { ...consumer, role };
      });
      const active = generated.map(({ secret }) => ({
        secret,
        active: Math.min(...generated.filter((one) => one.secret === secret).map(({ generation }) => generation)),
      }));
      return new AwsSecretsManagerStore("store", generated, { consumers: readers, active });
    },
    async stored() {
      const found = (await described()).flatMap(({ entry, VersionIdsToStages: versions = {} }) =>
        Object.entries(versions).flatMap(([version, labels]) => {
          const generation = generationOfVersion(version) ?? 0;
          return labels.includes(liveLabel(generation)) ? [keyOf({ entry: entry as never, generation })] : [];
        }),
      );
      return found.sort();
    },
    async seenBy({ name }, wanted) {
      const arns = await secrets();
      const environment: Record<string, string> = { ECS_CONTAINER_METADATA_URI_V4: "http://169.254.170.2/v4" };
      for (const { entry, generation } of wanted) {
        const arn = arns.get(entry);
        const VersionId = versionIdOf(generation);
        if (arn === undefined || !(await mayRead(roles.get(name) ?? "", arn, VersionId))) continue;
        const { SecretString: value } = await manager.getSecretValue({ SecretId: arn, VersionId });
        if (value !== undefined) environment[`${entry}__${generation}`] = value;
      }
      const provider = createProvider("awsSecretsManager", { directory: "/", env: environment });
      const found = new Map<string, string>();
      for (const one of wanted) {
        const value = await provider.read(`${one.entry}.${one.generation}`, one).catch(() => undefined);
        if (value !== undefined) found.set(keyOf(one), createHash("sha256").update(value).digest("hex"));
      }
      return found;
    },
    async traces() {
      const policies = [...(await secrets()).values()].map(secretStatements);
      const grants = [...roles.values()].map((arn) => roleStatements(nameOf(arn)));
      return JSON.stringify([await described(), ...(await Promise.all([...policies, ...grants]))]) + server.logs();
    },
    close: () => server.stop(),
  };
}
