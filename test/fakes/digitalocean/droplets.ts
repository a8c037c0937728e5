/**
 * Droplets as containers with sshd and a Docker Engine of their own, on two networks of the test's engine: one in the place of the
 * internet, one of the VPC.
 */
import { randomBytes } from "node:crypto";
import Docker from "dockerode";
import { pack } from "tar-stream";
import { parse } from "yaml";
import { all, find } from "./cloud.ts";

/** The image of a node (`node/Dockerfile`); without one, droplets are said to exist and nothing runs. */
const image = process.env["GOIMG_FAKE_NODE_IMAGE"];
const docker = (): Docker => new Docker({ socketPath: (process.env["DOCKER_HOST"] ?? "").slice("unix://".length) });

/** Everything that is made is known by this label. */
export const label = "goimg.fake";
/** In the place of the internet. */
export const publicNetwork = "goimg-fake-internet";

/** A droplet's order. */
export interface Order {
  readonly name: string;
  readonly vpc: string | undefined;
  readonly userData: string;
  readonly sshKeys: readonly string[];
}

/** Where a droplet is. */
export interface Addresses {
  readonly container: string;
  readonly ipv4Address: string;
  readonly ipv4AddressPrivate: string;
}

/** A network in the place of a VPC; with the first one, the one in the place of the internet. */
export async function addNetwork(name: string, subnet: string): Promise<void> {
  if (image === undefined) return;
  const make = (Name: string, Subnet: string): Promise<unknown> =>
    docker().createNetwork({ Name, Labels: { [label]: "true" }, IPAM: { Config: [{ Subnet }] } });
  await make(name, subnet);
  const names = (await docker().listNetworks()).map(({ Name }) => Name);
  if (!names.includes(publicNetwork)) await make(publicNetwork, "198.18.0.0/24");
}

/** Takes it away. */
export async function removeNetwork(name: string): Promise<void> {
  if (image !== undefined) await docker().getNetwork(name).remove();
}

/** Starts a machine, which boots as its user data says. */
export async function startDroplet({ name, vpc, userData, sshKeys }: Order): Promise<Addresses> {
  if (image === undefined) return { container: "none", ipv4Address: "192.0.2.1", ipv4AddressPrivate: "10.0.0.1" };
  const engine = docker();
  await engine
    .createNetwork({
      Name: publicNetwork,
      Labels: { [label]: "true" },
      IPAM: { Config: [{ Subnet: "198.18.0.0/24" }] },
    })
    .catch(() => undefined);
  const volume = `goimg-fake-${randomBytes(6).toString("hex")}`;
  const options: Docker.ContainerCreateOptions & { readonly HostConfig: { readonly CgroupnsMode: string } } = {
    Image: image,
    Hostname: name,
    Labels: { [label]: "true", "goimg.droplet": name },
    HostConfig: {
      CapAdd: ["SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE", "SYS_CHROOT", "MKNOD", "SYSLOG"],
      // The last empties the lists of masked paths, as systempaths=unconfined of the command line does.
      SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
      MaskedPaths: [],
      ReadonlyPaths: [],
      CgroupnsMode: "private",
      Tmpfs: { "/run": "" },
      Mounts: [{ Type: "volume", Source: volume, Target: "/var/lib/docker" }],
      NetworkMode: publicNetwork,
    },
  };
  const container = await engine.createContainer(options);
  if (vpc !== undefined) await engine.getNetwork(vpc).connect({ Container: container.id });
  const keys = await Promise.all(sshKeys.map(publicKeyOf));
  await container.putArchive(firstBoot(userData, keys), { path: "/" });
  await container.start();
  const { NetworkSettings: settings } = await container.inspect();
  const at = (network: string): string => settings.Networks[network]?.IPAddress ?? "";
  return {
    container: container.id,
    ipv4Address: at(publicNetwork),
    ipv4AddressPrivate: vpc === undefined ? "" : at(vpc),
  };
}

/** Takes a machine away with its disk. */
export async function removeDroplet(id: string): Promise<void> {
  if (image === undefined) return;
  const container = docker().getContainer(id);
  const found = await container.inspect().catch(() => undefined);
  if (found === undefined) return;
  await container.remove({ force: true, v: true });
  for (const { Name: name } of found.Mounts) if (name !== undefined) await docker().getVolume(name).remove();
}

/** Whether a machine is there, running or not. */
export async function hasDroplet(id: string): Promise<boolean> {
  if (image === undefined) return true;
  return docker()
    .getContainer(id)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

async function publicKeyOf(reference: string): Promise<string> {
  const found =
    (await find("sshKey", reference)) ?? (await all("sshKey")).find((key) => key["fingerprint"] === reference);
  if (typeof found?.["publicKey"] !== "string") throw new Error(`there is no SSH key ${reference}`);
  return found["publicKey"];
}

/** What of cloud-init's modules the stack uses: ssh_keys, write_files, runcmd. Anything else is refused. */
interface CloudConfig {
  readonly ssh_keys?: Readonly<Record<string, string>>;
  readonly ssh_pwauth?: boolean;
  readonly write_files?: readonly { readonly path: string; readonly permissions?: string; readonly content: string }[];
  readonly runcmd?: readonly string[];
}
const modules = ["ssh_keys", "ssh_pwauth", "write_files", "runcmd"];

/** The files of a first boot, as an archive: what cloud-init would write, and its commands for `node/boot.sh`. */
function firstBoot(userData: string, keys: readonly string[]): NodeJS.ReadableStream {
  if (!userData.startsWith("#cloud-config\n")) throw new Error("user data must begin with #cloud-config");
  const config = parse(userData) as CloudConfig;
  const strange = Object.keys(config).filter((key) => !modules.includes(key));
  if (strange.length > 0) throw new Error(`the fake's cloud-init has no module for ${strange.join(", ")}`);
  const archive = pack();
  const add = (name: string, content: string, mode: number): void => {
    archive.entry({ name: name.replace(/^\//, ""), mode, uid: 0, gid: 0 }, content);
  };
  for (const [name, text] of Object.entries(config.ssh_keys ?? {})) {
    const [algorithm = "", half = ""] = name.split("_");
    const file = `/etc/ssh/ssh_host_${algorithm}_key${half === "public" ? ".pub" : ""}`;
    add(file, text.endsWith("\n") ? text : `${text}\n`, half === "public" ? 0o644 : 0o600);
  }
  for (const { path, permissions = "0644", content } of config.write_files ?? [])
    add(path, content, parseInt(permissions, 8));
  archive.entry({ name: "root/.ssh", type: "directory", mode: 0o700, uid: 0, gid: 0 });
  add("/root/.ssh/authorized_keys", `${keys.map((key) => key.trim()).join("\n")}\n`, 0o600);
  add("/var/lib/cloud/runcmd", `${(config.runcmd ?? []).join("\n")}\n`, 0o600);
  archive.finalize();
  return archive;
}
