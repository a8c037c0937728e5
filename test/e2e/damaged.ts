/** Runs the real images on a directory of real files that stands for `/run/secrets`. */
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type Docker from "dockerode";
import { declare } from "../../components/secrets/declare.ts";
import { manifestFor, manifestPath } from "../../components/secrets/manifest.ts";
import { pathsFor, secretsDirectory } from "../../components/secrets/mounts.ts";
import { api } from "../../components/services/api.ts";
import { cacheAcl } from "../../components/services/cache.ts";
import { dbMigrate, dbRoles } from "../../components/services/database.ts";
import type { ServiceSpec } from "../../components/services/service.ts";
import { s3 } from "../../components/services/storage.ts";
import { worker } from "../../components/services/worker.ts";
import type { Manifest } from "../../runtime/manifest.ts";
import { imageTag } from "../../toolchain/images.ts";
import { withoutHeaders } from "../../cli/rotation/reports.ts";
import { randomText, type Keys, type Mounted } from "../unit/runtime/fixture.ts";

/** The services of the dev stack that hold secrets. */
export const holders: readonly ServiceSpec[] = [
  api({ replicas: 1 }),
  worker({ replicas: 1 }),
  dbRoles(),
  dbMigrate(),
  cacheAcl(),
  s3({ replicas: 1 }),
];

const { secrets: declared } = declare({
  environment: "dev",
  services: holders.map(({ name }) => name),
  generations: undefined,
  external: undefined,
});

/** What the dev stack gives that service. */
export function manifestOf(service: ServiceSpec): Manifest {
  const { name, secrets } = service;
  return manifestFor({ service: name, stack: "dev", production: false, granted: secrets, declared });
}

/** The files of a service's manifest with the format of each. */
export function filesOf(service: ServiceSpec): readonly { readonly file: string; readonly type: string }[] {
  return manifestOf(service).secrets.flatMap(({ entries }) =>
    entries.flatMap(({ files, format }) => Object.values(files).map((file) => ({ file, type: format.type }))),
  );
}

/** A folder with valid values of a service, as Swarm would mount it. */
export function mountFor(service: ServiceSpec, keys: Keys): Mounted {
  const manifest = manifestOf(service);
  const root = mkdtempSync(path.join(tmpdir(), "goimg-damage-"));
  const directory = path.join(root, "secrets");
  // Docker's own folders are open to all users: the service's is not root.
  chmodSync(root, 0o755);
  mkdirSync(directory);
  const values: Record<string, string> = {};
  for (const { name, format, files } of manifest.secrets.flatMap(({ entries }) => entries)) {
    for (const file of Object.values(files)) {
      const half = name === "JWT_PUBLIC_KEY" ? "active.public" : "active.private";
      const length = format.type === "text" ? format.minLength : 0;
      const upper = format.type === "text" && format.charset === "upperAlphanumeric";
      values[file] =
        format.type === "text" ? randomText(length, upper ? upperAlphanumeric : undefined) : (keys[half] ?? "");
      writeFileSync(path.join(directory, file), values[file], { mode: 0o400 });
    }
  }
  const manifestFile = path.join(root, "manifest.json");
  writeFileSync(manifestFile, JSON.stringify(manifest), { mode: 0o444 });
  const remove = (): void => {
    rmSync(root, { recursive: true, force: true });
  };
  return { root, directory, manifestFile, manifest, values, remove };
}

const upperAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** How a start of a service ended. */
export interface Outcome {
  readonly exitCode: number;
  readonly output: string;
}

/** Starts the service's real image on that folder, without a network, and waits for its end. */
export async function start(
  docker: Docker,
  service: ServiceSpec,
  mounted: Mounted,
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  for (const file of readdirSync(mounted.directory)) {
    const target = path.join(mounted.directory, file);
    if (lstatSync(target).isFile()) giveTo(service.uid, target);
  }
  const settings: Record<string, string> = {
    ...service.env,
    ...pathsFor(service.secrets, declared),
    SECRET_PROVIDER: "docker",
    SECRETS_MANIFEST_FILE: manifestPath,
    GOIMG_ENV: "development",
    ...env,
  };
  const container = await docker.createContainer({
    Image: imageTag(service.image),
    Cmd: [...service.args],
    User: `${service.uid}:${service.uid}`,
    Env: Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      Tmpfs: { "/tmp": "" },
      Binds: [
        `${mounted.directory}:${secretsDirectory}:ro`,
        `${mounted.manifestFile}:${manifestPath}:ro`,
        // So that a link out of the directory leads to something.
        `${mounted.root}:${mounted.root}:ro`,
      ],
    },
  });
  try {
    return await outcomeOf(container);
  } finally {
    await container.remove({ force: true, v: true });
  }
}

/** Ownership first, as changing it takes bits of the mode away. */
function giveTo(uid: number, file: string): void {
  const { mode } = lstatSync(file);
  chownSync(file, uid, uid);
  chmodSync(file, mode & 0o7777);
}

/** A start that has not ended after this is one that was not refused, in milliseconds. */
const patience = 20_000;

async function outcomeOf(container: Docker.Container): Promise<Outcome> {
  await container.start();
  const timer = setTimeout(() => void container.kill().catch(() => undefined), patience);
  const { StatusCode: exitCode } = (await container.wait()) as { readonly StatusCode: number };
  clearTimeout(timer);
  const raw = await container.logs({ stdout: true, stderr: true });
  return { exitCode, output: withoutHeaders(raw) };
}
