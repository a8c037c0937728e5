/** Services that do not belong to the stack and say that they do. */
import type Docker from "dockerode";
import { imageTag } from "../../toolchain/images.ts";
import type { Project } from "./project.ts";

/** A service that pretends to be one of the stack's. It has no task, and started anew it ends at once. */
export async function intruder(
  { docker, stack }: Project,
  name: string,
  container: object = {},
): Promise<() => Promise<unknown>> {
  const created = await docker.createService({
    Name: `goimg-${stack}-intruder`,
    Labels: { "goimg.stack": stack, "goimg.service": name },
    Mode: { Replicated: { Replicas: 0 } },
    TaskTemplate: { ContainerSpec: { Image: imageTag("postgres"), Command: ["true"], ...container } },
  } as Docker.CreateServiceOptions);
  const { id, ID = id } = created as unknown as { readonly id: string; readonly ID?: string };
  return () => docker.getService(ID).remove();
}

/** A secret of the store, as a spec refers to it. */
export async function storedSecret(
  docker: Docker,
  entry: string,
): Promise<{ readonly SecretID: string; readonly SecretName: string }> {
  const listed = (await docker.listSecrets()) as readonly {
    readonly ID: string;
    readonly Spec: { readonly Name: string; readonly Labels: Readonly<Record<string, string>> };
  }[];
  const found = listed.find(({ Spec }) => Spec.Labels["goimg.entry"] === entry);
  if (found === undefined) throw new Error(`the store has no ${entry}`);
  return { SecretID: found.ID, SecretName: found.Spec.Name };
}

/** Where and how a spec mounts a secret: a file of the application's user. */
export const fileOf = (name: string, mode = 0o400) => ({ Name: name, UID: "10001", GID: "10001", Mode: mode });
