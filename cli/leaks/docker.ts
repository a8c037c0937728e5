/** What Docker shows of a stack to whoever may ask it, each piece as bytes. */
import type Docker from "dockerode";
import { withoutHeaders } from "../rotation/reports.ts";

/** Something that was read: what it is, and its bytes. */
export interface Read {
  readonly name: string;
  readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Text as something that was read. */
export const text = (name: string, content: string): Read => ({ name, pieces: [Buffer.from(content)] });
const json = (name: string, value: unknown): Read => text(name, JSON.stringify(value));

/** What Docker's API shows of everything: the answers of every `inspect`, and of the lists. */
export async function* inspections(docker: Docker): AsyncGenerator<Read> {
  const containers = await docker.listContainers({ all: true });
  yield json("container list", containers);
  for (const { Id } of containers)
    yield json(
      `container ${Id}`,
      await docker
        .getContainer(Id)
        .inspect()
        .catch(() => ""),
    );
  for (const { Id } of await docker.listImages()) {
    const image = docker.getImage(Id);
    yield json(`image ${Id}`, [await image.inspect(), await image.history()]);
  }
  for (const { Id } of await docker.listNetworks()) {
    yield json(
      `network ${Id}`,
      await docker
        .getNetwork(Id)
        .inspect()
        .catch(() => ""),
    );
  }
  yield json("services", await docker.listServices());
  yield json("tasks", await docker.listTasks());
  yield json("secrets", await docker.listSecrets());
  yield json("configs", await docker.listConfigs());
  for (const { ID = "" } of (await docker.listConfigs()) as { readonly ID?: string }[]) {
    // A config is not encrypted, and its API shows its content in base64.
    const { Spec } = (await docker.getConfig(ID).inspect()) as { readonly Spec: { readonly Data: string } };
    yield { name: `config ${ID}`, pieces: [Buffer.from(Spec.Data, "base64")] };
  }
  yield json("nodes", await docker.listNodes());
  yield json("volumes", await docker.listVolumes());
  yield json("info", await docker.info());
}

/** What every service and container has logged. */
export async function* logs(docker: Docker): AsyncGenerator<Read> {
  const all = { stdout: true, stderr: true, details: true } as const;
  for (const { ID, Spec } of await docker.listServices()) {
    const raw = (await docker.getService(ID).logs(all)) as unknown as Buffer;
    yield text(`log of service ${Spec?.Name ?? ID}`, withoutHeaders(Buffer.from(raw)));
  }
  for (const { Id, Names } of await docker.listContainers({ all: true })) {
    // One that has gone meanwhile (404), or is about to (409), shows nothing any more.
    const raw = await docker
      .getContainer(Id)
      .logs({ stdout: true, stderr: true })
      .catch((error: unknown) => {
        if ([404, 409].includes((error as { statusCode?: number }).statusCode ?? 0)) return Buffer.alloc(0);
        throw error;
      });
    yield text(`log of container ${Names[0] ?? Id}`, withoutHeaders(raw));
  }
}

/** Command lines of the processes in every running container, as `docker top` shows them. */
export async function* commandLines(docker: Docker): AsyncGenerator<Read> {
  for (const { Id, Names } of await docker.listContainers()) {
    const shown: unknown = await docker
      .getContainer(Id)
      .top({ ps_args: "-eo pid,args" })
      .catch(() => "");
    yield json(`processes of container ${Names[0] ?? Id}`, shown);
  }
}
