/**
 * Spaces: the project's own S3 server on the network in the place of the internet. It takes the keys that exist at its start, so it is
 * started anew with each key that is made or deleted, where the real one goes on.
 */
import Docker from "dockerode";
import { pack } from "tar-stream";
import { declare } from "../../../components/secrets/declare.ts";
import { manifestFor, manifestPath } from "../../../components/secrets/manifest.ts";
import { mountsFor, pathsFor, secretsDirectory } from "../../../components/secrets/mounts.ts";
import { s3 } from "../../../components/services/storage.ts";
import { all, type Thing } from "./cloud.ts";
import { label, publicNetwork } from "./droplets.ts";

/** Image of the S3 server; without one, keys are answered and open nothing. */
const image = process.env["GOIMG_FAKE_S3_IMAGE"];
/** Where it answers, which the stack is told as `cluster.spacesEndpoint`. */
export const spacesAddress = "198.18.0.250";
const name = "goimg-fake-spaces";

/** A key of one bucket, by the name that the stack gives it: `goimg-prod-S3_KEY-g2`. */
interface Key {
  readonly secret: string;
  readonly generation: number;
  readonly access: string;
  readonly value: string;
  readonly bucket: string;
}

let turn: Promise<void> = Promise.resolve();

/** Starts it with the keys that the cloud has now. One after the other: the engine makes keys side by side. */
export function restartSpaces(): Promise<void> {
  turn = turn.catch(() => undefined).then(start);
  return turn;
}

async function start(): Promise<void> {
  if (image === undefined) return;
  const docker = new Docker({ socketPath: (process.env["DOCKER_HOST"] ?? "").slice("unix://".length) });
  const keys = (await all("spacesKey")).flatMap(keyOf);
  const running = docker.getContainer(name);
  await running.remove({ force: true }).catch(() => undefined);
  if (!keys.some(({ secret }) => secret === "S3_KEY")) return;
  const spec = s3({ replicas: 1 });
  const declared = declare({
    environment: "dev",
    services: ["s3"],
    generations: { ...generationsOf("S3_KEY", keys), ...generationsOf("BACKUP_S3_KEY", keys) },
    external: undefined,
  }).secrets.filter(({ secret }) => keys.some((key) => key.secret === secret));
  const manifest = manifestFor({ service: "s3", stack: "spaces", production: false, granted: spec.secrets, declared });
  const bucket = (secret: string): string => keys.find((key) => key.secret === secret)?.bucket ?? "none";
  const settings = {
    ...spec.env,
    S3_REGION: "fra1",
    S3_BUCKET: bucket("S3_KEY"),
    BACKUP_S3_BUCKET: bucket("BACKUP_S3_KEY"),
    DRAIN_SECONDS: "0",
    SECRET_PROVIDER: "docker",
    SECRETS_MANIFEST_FILE: manifestPath,
    ...pathsFor(spec.secrets, declared),
  };
  const container = await docker.createContainer({
    name,
    Image: image,
    Labels: { [label]: "true" },
    Env: Object.entries(settings).map(([key, value]) => `${key}=${value}`),
    HostConfig: { NetworkMode: publicNetwork, Mounts: [{ Type: "volume", Source: name, Target: "/data" }] },
    NetworkingConfig: { EndpointsConfig: { [publicNetwork]: { IPAMConfig: { IPv4Address: spacesAddress } } } },
  });
  const archive = pack();
  const add = (file: string, content: string): void => {
    archive.entry({ name: file.slice(1), mode: 0o400, uid: spec.uid, gid: spec.uid }, content);
  };
  add(manifestPath, JSON.stringify(manifest));
  for (const { entry, generation, file } of mountsFor("s3", spec.secrets, declared)) {
    const key = keys.find((one) => entry.startsWith(one.secret.replace("KEY", "")) && one.generation === generation);
    add(`${secretsDirectory}/${file}`, (entry.endsWith("ACCESS_KEY") ? key?.access : key?.value) ?? "");
  }
  archive.finalize();
  await container.putArchive(archive, { path: "/" });
  await container.start();
}

function keyOf(thing: Thing): readonly Key[] {
  const [, secret, generation] = /-((?:BACKUP_)?S3_KEY)-g([0-9]+)$/.exec(String(thing["name"])) ?? [];
  if (secret === undefined) return [];
  const [grant] = thing["grants"] as readonly { readonly bucket: string }[];
  return [
    {
      secret,
      generation: Number(generation),
      access: String(thing["accessKey"]),
      value: String(thing["secretKey"]),
      bucket: grant?.bucket ?? "",
    },
  ];
}

function generationsOf(secret: string, keys: readonly Key[]): object {
  const live = keys.filter((key) => key.secret === secret).map(({ generation }) => generation);
  live.sort((a, b) => a - b);
  return live.length === 0 ? {} : { [secret]: { live, active: live[0] } };
}
