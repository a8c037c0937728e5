import type * as docker from "@pulumi/docker";
import type { input } from "@pulumi/docker/types/index.js";
import type { Declared } from "../../secrets/declare.ts";
import { manifestPath } from "../../secrets/manifest.ts";
import { mountsFor, pathsFor } from "../../secrets/mounts.ts";
import type { Health, ImageName, ServiceSpec, VolumeName } from "../../services/service.ts";
import type { StoredEntry } from "../../stores/store.ts";

/** What a container is made from, beside its service's description. */
export interface ContainerContext {
  readonly declared: readonly Declared[];
  readonly stored: readonly StoredEntry[];
  readonly production: boolean;
  readonly image: (name: ImageName) => string;
  readonly volumes: ReadonlyMap<VolumeName, docker.Volume>;
  readonly manifest: docker.ServiceConfig | undefined;
  /** The service's plain files, with where each goes. */
  readonly files: readonly { readonly path: string; readonly config: docker.ServiceConfig }[];
}

/** Owner may read; nobody may write, not even the owner. */
const ownerRead = 0o400;
const worldRead = 0o444;

/** A container that runs as the service's own user, on a read-only root, with no capability and only its own secrets. */
export function containerSpec(spec: ServiceSpec, context: ContainerContext): input.ServiceTaskSpecContainerSpec {
  const { manifest, files } = context;
  const owner = { fileUid: String(spec.uid), fileGid: String(spec.uid) };
  return {
    image: context.image(spec.image),
    args: [...spec.args],
    user: `${spec.uid}:${spec.uid}`,
    env: environment(spec, context),
    readOnly: true,
    init: true,
    capDrops: ["ALL"],
    stopGracePeriod: spec.stopGrace,
    ...(spec.health === undefined ? {} : { healthcheck: healthcheck(spec.health) }),
    mounts: mounts(spec, context),
    secrets: mountsFor(spec.name, spec.secrets, context.declared).map(({ entry, generation, file }) => {
      const stored = find(context.stored, entry, generation);
      return { ...owner, secretId: stored.id, secretName: stored.name, fileName: file, fileMode: ownerRead };
    }),
    configs: [...(manifest === undefined ? [] : [{ path: manifestPath, config: manifest }]), ...files].map(
      ({ path, config }) => ({
        ...owner,
        configId: config.id,
        configName: config.name,
        fileName: path,
        fileMode: worldRead,
      }),
    ),
  };
}

function healthcheck({ command, ...rest }: Health): input.ServiceTaskSpecContainerSpecHealthcheck {
  return { tests: ["CMD", ...command], ...rest };
}

function environment(spec: ServiceSpec, { declared, production }: ContainerContext): Record<string, string> {
  const mode = { GOIMG_ENV: production ? "production" : "development" };
  if (spec.secrets.length === 0) return { ...spec.env, ...mode };
  return {
    ...spec.env,
    ...mode,
    ...pathsFor(spec.secrets, declared),
    SECRET_PROVIDER: "docker",
    SECRETS_MANIFEST_FILE: manifestPath,
  };
}

function mounts(spec: ServiceSpec, { volumes }: ContainerContext): input.ServiceTaskSpecContainerSpecMount[] {
  // Without the sticky bit, which the provider does not read back: one user runs here, so there is nobody to keep out.
  const scratch = { type: "tmpfs", target: "/tmp", tmpfsOptions: { mode: 0o777, sizeBytes: 64 * 1024 * 1024 } };
  return [
    scratch,
    ...spec.volumes.map(({ volume, path, readOnly }) => {
      const source = volumes.get(volume);
      if (source === undefined) throw new Error(`${spec.name} mounts ${volume}, which is not part of this stack`);
      return { type: "volume", source: source.name, target: path, readOnly: readOnly ?? false };
    }),
  ];
}

function find(stored: readonly StoredEntry[], entry: string, generation: number): StoredEntry {
  const found = stored.find((candidate) => candidate.entry === entry && candidate.generation === generation);
  if (found === undefined) throw new Error(`generation ${generation} of ${entry} was not put into the store`);
  return found;
}
