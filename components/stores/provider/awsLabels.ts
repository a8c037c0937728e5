import { ask, labelsOf, secretArnOf, versionIdOf } from "./awsClient.ts";
import { generationOf, type Kind } from "./kind.ts";

interface AwsLabels {
  readonly secretArn: string;
  /** The generation that is declared active: AWSCURRENT. */
  readonly generation: number;
  /** The newest older live one: AWSPREVIOUS; 0 for none. */
  readonly previous: number;
}

/**
 * Where AWS' own staging labels are. Services name their version, so nothing of ours follows them: they tell people and other tools
 * which generation is active.
 */
export const awsLabels: Kind<AwsLabels> = {
  replacing: ["secretArn"],
  parse: (inputs, problems) => ({
    secretArn: secretArnOf(inputs, problems),
    generation: generationOf(inputs, problems),
    previous: inputs["previous"] === 0 ? 0 : generationOf({ generation: inputs["previous"] }, problems),
  }),
  id: ({ secretArn }) => `${secretArn}/labels`,
  create: write,
  update: write,
  async exists({ secretArn, generation, previous }) {
    const labels = await labelsOf(secretArn);
    if (labels === undefined) return false;
    return (
      holderOf(labels, "AWSCURRENT") === versionIdOf(generation) &&
      holderOf(labels, "AWSPREVIOUS") === (previous === 0 ? undefined : versionIdOf(previous))
    );
  },
  /** AWSCURRENT can't be taken away: it goes with the secret. */
  delete: () => Promise.resolve(),
};

/** AWSCURRENT first: AWS puts AWSPREVIOUS where that was. */
async function write({ secretArn, generation, previous }: AwsLabels): Promise<void> {
  await move(secretArn, "AWSCURRENT", versionIdOf(generation));
  await move(secretArn, "AWSPREVIOUS", previous === 0 ? undefined : versionIdOf(previous));
}

async function move(secretArn: string, label: string, to: string | undefined): Promise<void> {
  const from = holderOf((await labelsOf(secretArn)) ?? {}, label);
  if (from === to) return;
  await ask(secretArn, `can't move ${label} of`, (client) =>
    client.updateSecretVersionStage({
      SecretId: secretArn,
      VersionStage: label,
      RemoveFromVersionId: from,
      MoveToVersionId: to,
    }),
  );
}

const holderOf = (labels: Readonly<Record<string, readonly string[]>>, label: string): string | undefined =>
  Object.keys(labels).find((version) => labels[version]?.includes(label));
