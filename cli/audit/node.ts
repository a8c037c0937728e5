/** What auditd has to know of this node: asked of the engine. */
import path from "node:path";
import * as z from "zod";
import { holdersIn, listServices, readServices, runningContainers } from "../gate/readers/services.ts";
import { OperatorError } from "../error.ts";
import type { StackContext } from "../stack.ts";
import type { Consumer, Expected } from "./reads.ts";
import type { Watched } from "./rules.ts";

/** Programs that read the secrets, by the image's name: what each entrypoint ends in (`images/`). */
const programs: Readonly<Record<string, string>> = {
  app: "/usr/local/bin/node",
  postgres: "/usr/local/bin/goimg-job",
  redis: "/usr/local/bin/goimg-job",
  s3: "/usr/local/bin/goimg-s3",
  grafana: "/usr/local/bin/goimg-grafana",
};
/** Services whose image holds several programs. */
const ofService: Readonly<Record<string, string>> = { backup: "/usr/local/bin/goimg-backup" };
/** What the operator's commands run. */
const operatorPrograms = ["node", "pulumi", "pulumi-language-nodejs"] as const;

interface NodeFacts {
  readonly watched: Watched;
  readonly expected: Expected;
}

const infoSchema = z.object({ DockerRootDir: z.string() });
const secretSchema = z.array(z.object({ SecretID: z.string(), File: z.object({ Name: z.string() }) }));

/**
 * Asks the engine of this node.
 *
 * @throws OperatorError if the engine is another machine's: its files are not here to be watched
 */
export async function nodeFacts(context: StackContext): Promise<NodeFacts> {
  const { docker, stack, env, auditFile, address: host } = context;
  if (!host.startsWith("unix://"))
    throw new OperatorError(`${host} is another machine: run this on the node itself`, 2);
  const { DockerRootDir: dataRoot } = infoSchema.parse(await docker.info());
  const holders = holdersIn(await listServices(docker, stack));
  const containers = (await Promise.all(holders.map((service) => runningContainers(docker, service)))).flat();
  const byFile = new Map<string, Consumer[]>();
  for (const { name, mounts, user, image } of await readServices(docker, holders)) {
    const program =
      ofService[name] ?? programs[/\/?([\w-]+)(?::[^/]*)?$/.exec(image.split("@")[0] ?? "")?.[1] ?? ""] ?? "";
    for (const { file } of mounts) {
      byFile.set(file, [...(byFile.get(file) ?? []), { service: name, uid: Number(user.split(":")[0]), program }]);
    }
  }
  const references = holders.flatMap(({ Spec }) => secretSchema.parse(Spec.TaskTemplate.ContainerSpec.Secrets));
  const passphrase = env["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? process.env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  const readByOperator = passphrase === undefined ? [] : [path.resolve(passphrase)];
  return {
    watched: {
      dataRoot,
      socket: host.slice("unix://".length),
      containers: containers.filter((id) => id !== ""),
      readByOperator,
      changedByOperator: [auditFile],
    },
    expected: {
      byFile,
      plain: new Set(
        holders.flatMap(({ Spec }) =>
          (Spec.TaskTemplate.ContainerSpec.Configs ?? []).flatMap(({ ConfigID, File }) => [
            ConfigID,
            File?.Name ?? ConfigID,
          ]),
        ),
      ),
      fileOfSecret: new Map(references.map(({ SecretID, File }) => [SecretID, File.Name])),
      dataRoot,
      operatorFiles: [...readByOperator, auditFile],
      operatorPrograms,
    },
  };
}

/** Services that hold secrets and whose program is not known: every read of theirs would be an anomaly. */
export const unknownPrograms = ({ byFile }: Expected): readonly string[] => [
  ...new Set(
    [...byFile.values()]
      .flat()
      .filter(({ program }) => program === "")
      .map(({ service }) => service),
  ),
];
