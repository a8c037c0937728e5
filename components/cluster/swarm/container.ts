import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { input } from "@pulumi/docker/types/index.js";
import type { Declared } from "../../secrets/declare.ts";
import { manifestPath } from "../../secrets/manifest.ts";
import { mountsFor, pathsFor } from "../../secrets/mounts.ts";
import type { Health, ImageName, ServiceSpec, VolumeName } from "../../services/service.ts";
import type { StoredEntry } from "../../stores/store.ts";
import { accessEnv, accessPaths, type Access } from "./access.ts";
import { formatReads, readsSetting } from "./reads.ts";
import { isUrgent } from "./waits.ts";

/** What a container is made from, beside its service's description. */
export interface ContainerContext {
  readonly declared: readonly Declared[];
  readonly stored: readonly StoredEntry[];
  readonly production: boolean;
  readonly image: (name: ImageName) => string;
  readonly volumes: ReadonlyMap<VolumeName, docker.Volume>;
  readonly manifest: docker.ServiceConfig | undefined;
  /** Where the service reads from a store by itself; undefined where its secrets are mounted. */
  readonly access: Access | undefined;
  /** The service's plain files, with where each goes. */
  readonly files: readonly { readonly path: string; readonly config: docker.ServiceConfig }[];
}

/** Owner may read; nobody may write, not even the owner. */
const ownerRead = 0o400;
const worldRead = 0o444;

/** A container that runs as the service's own user, on a read-only root, with no capability and only its own secrets. */
export function containerSpec(spec: ServiceSpec, context: ContainerContext): input.ServiceTaskSpecContainerSpec {
  const { manifest, access, files } = context;
  const owner = { fileUid: String(spec.uid), fileGid: String(spec.uid) };
  const config = (file: docker.ServiceConfig | undefined, fileName: string) =>
    file === undefined ? [] : [{ ...owner, configId: file.id, configName: file.name, fileName, fileMode: worldRead }];
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
    secrets: access === undefined ? mounted(spec, context, owner) : [credential(access, owner)],
    configs: [
      ...config(manifest, manifestPath),
      ...config(access?.ca?.file, accessPaths.ca),
      ...files.flatMap((file) => config(file.config, file.path)),
    ],
  };
}

interface Owner {
  readonly fileUid: string;
  readonly fileGid: string;
}

type SecretFile = input.ServiceTaskSpecContainerSpecSecret;

function mounted(spec: ServiceSpec, { declared, stored }: ContainerContext, owner: Owner): SecretFile[] {
  return mountsFor(spec.name, spec.secrets, declared).map(({ entry, generation, file }) => {
    const { id, name } = findStored(stored, entry, generation);
    return { ...owner, secretId: id, secretName: name, fileName: file, fileMode: ownerRead };
  });
}

function credential({ credential: { id, name } }: Access, owner: Owner): SecretFile {
  return { ...owner, secretId: id, secretName: name, fileName: accessPaths.credential, fileMode: ownerRead };
}

function healthcheck({ command, ...rest }: Health): input.ServiceTaskSpecContainerSpecHealthcheck {
  return { tests: ["CMD", ...command], ...rest };
}

function environment(spec: ServiceSpec, context: ContainerContext): Record<string, pulumi.Input<string>> {
  const { declared, production, access } = context;
  const plain = {
    ...spec.env,
    ...(isUrgent(spec, declared) ? spec.urgentEnv : {}),
    GOIMG_ENV: production ? "production" : "development",
  };
  if (spec.secrets.length === 0) return plain;
  return {
    ...plain,
    ...(access === undefined
      ? { ...pathsFor(spec.secrets, declared), SECRET_PROVIDER: "docker" }
      : { ...accessEnv(access), [readsSetting]: readsOf(spec, context) }),
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

/** Known once each of these generations is in the store, so that no task starts before. */
function readsOf(spec: ServiceSpec, { declared, stored }: ContainerContext): pulumi.Output<string> {
  const files = mountsFor(spec.name, spec.secrets, declared);
  const ids = files.map(({ entry, generation }) => findStored(stored, entry, generation).id);
  return pulumi.all(ids).apply(() => formatReads(files));
}

function findStored(stored: readonly StoredEntry[], entry: string, generation: number): StoredEntry {
  const found = stored.find((candidate) => candidate.entry === entry && candidate.generation === generation);
  if (found === undefined) throw new Error(`generation ${generation} of ${entry} was not put into the store`);
  return found;
}
