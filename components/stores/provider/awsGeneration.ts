import { ask, labelsOf, liveLabel, secretArnOf, SecretsManagerError, versionIdOf } from "./awsClient.ts";
import { entryRule, generationOf, text, valueOf, type Inputs, type Kind, type Problems } from "./kind.ts";

/** Bytes that a secret of AWS Secrets Manager may have. */
export const maxSecretBytes = 65_536;

interface AwsGeneration {
  /** The entry's secret in Secrets Manager. */
  readonly secretArn: string;
  readonly entry: string;
  readonly generation: number;
  readonly value: string;
}

/**
 * Generation G of an entry is the version `generation-…G` of its secret. Secrets Manager keeps a version's id for its value, so that
 * a number can't be used for a second one, and writing the same again is no second write.
 */
export const awsGeneration: Kind<AwsGeneration> = {
  replacing: ["secretArn", "entry", "generation", "value"],
  parse: (inputs, problems) => ({
    secretArn: secretArnOf(inputs, problems),
    entry: text(inputs, "entry", problems, entryRule, "an entry's name: A-Z, 0-9, _, at most 48"),
    generation: generationOf(inputs, problems),
    value: variableOf(inputs, problems),
  }),
  /** What a task definition names in `valueFrom`: the ARN, no JSON key, no staging label, the version. */
  id: ({ secretArn, generation }) => `${secretArn}:::${versionIdOf(generation)}`,
  async create(inputs) {
    const { secretArn, entry, generation, value } = inputs;
    const version = versionIdOf(generation);
    try {
      await ask(secretArn, `can't put generation ${generation} of ${entry} into`, (client) =>
        client.putSecretValue({
          SecretId: secretArn,
          ClientRequestToken: version,
          SecretString: value,
          // Named, or AWS would make what is only published the current one.
          VersionStages: [liveLabel(generation)],
        }),
      );
    } catch (error) {
      if (error instanceof SecretsManagerError && error.code === "ResourceExistsException") throw usedBefore(inputs);
      throw error;
    }
    // The same value again is taken without a word, and stays retired.
    if (!(await isLive(inputs))) throw usedBefore(inputs);
  },
  exists: isLive,
  async delete(inputs) {
    if (!(await isLive(inputs))) return;
    const { secretArn, entry, generation } = inputs;
    await ask(secretArn, `can't retire generation ${generation} of ${entry} in`, (client) =>
      client.updateSecretVersionStage({
        SecretId: secretArn,
        VersionStage: liveLabel(generation),
        RemoveFromVersionId: versionIdOf(generation),
      }),
    );
  },
};

async function isLive({ secretArn, generation }: AwsGeneration): Promise<boolean> {
  const labels = await labelsOf(secretArn);
  return labels?.[versionIdOf(generation)]?.includes(liveLabel(generation)) === true;
}

function usedBefore({ secretArn, entry, generation }: AwsGeneration): Error {
  return new Error(
    `generation ${generation} of ${entry} exists in ${secretArn} with another value, or was retired: ` +
      "a number is never used twice; publish a new generation",
  );
}

/** ECS hands it over in a setting of the environment, which can't hold every text. */
function variableOf(inputs: Inputs, problems: Problems): string {
  const value = valueOf(inputs, problems, maxSecretBytes);
  if (value.includes("\0")) problems.set("value", "must hold no NUL character: no environment can");
  return value;
}
