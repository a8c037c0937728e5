/** What {@link ../growth.ts} runs in the engine's network. Arguments: secrets, services. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { dockerAt } from "../../../components/cluster/swarm/client.ts";
import { baseImage } from "../../../toolchain/versions.ts";
import { createCertifier } from "../../e2e/prod/certificate.ts";
import { cluster, createCloudProject, inDroplet, loadImages } from "../../e2e/prod/cloud.ts";
import { grownSecret, idleImage, LargerProgram } from "./source.ts";

const [secrets = 0, services = 0] = process.argv.slice(2).map(Number);
const engine = dockerAt(process.env["DOCKER_HOST"] ?? "");
const directory = await mkdtemp(path.join(tmpdir(), "goimg-growth-"));
const program = new LargerProgram(directory);
await program.copy();
const cloud = await createCloudProject(
  process.env["GOIMG_FAKE_NODE_IMAGE"],
  { machinesOnly: "true", cluster: { ...cluster, ingress: "manager-2" }, images: { [idleImage]: baseImage.name } },
  directory,
);

try {
  /** Updates, and answers how long that took, in seconds. */
  const update = async (config?: Readonly<Record<string, unknown>>): Promise<number> => {
    const started = performance.now();
    const { exitCode, stdout, stderr } = await cloud.update(config);
    if (exitCode !== 0) throw new Error(diagnosticsOf(stdout + stderr));
    return (performance.now() - started) / 1000;
  };
  const rotation = async (secret: string): Promise<readonly number[]> => {
    const phases = [
      { live: [1, 2], active: 1 },
      { live: [1, 2], active: 2 },
      { live: [2], active: 2 },
    ];
    const seconds: number[] = [];
    for (const state of phases) seconds.push(await update({ generations: { ...rotated, [secret]: state } }));
    rotated[secret] = phases[2];
    return seconds;
  };
  const rotated: Record<string, unknown> = {};
  const row = async (what: string, secret: string, create: () => Promise<number>): Promise<void> => {
    const created = await create();
    const noop = await update();
    const phases = await rotation(secret);
    const kept = Number(await onManager("docker secret ls -q | wc -l"));
    const ran = Number(await onManager("docker service ls -q | wc -l"));
    const nodes = Number(await onManager("docker node ls -q | wc -l"));
    const each = ((created / kept) * 1000).toFixed(0);
    const turn = phases.map((one) => one.toFixed(1)).join(" + ");
    print(
      `${what}: ${kept} secrets, ${ran} services, ${nodes} nodes: up ${created.toFixed(1)} s (${each} ms a secret), no-op ${noop.toFixed(1)} s, rotation ${turn} s`,
    );
  };
  print(`five machines: ${(await update()).toFixed(1)} s`);
  await loadImages(engine, [baseImage.name]);
  const [ingress] = (await cloud.things("droplet")).filter(({ name }) => name === "goimg-prod-manager-2");
  await (await createCertifier(String(ingress?.["ipv4Address"]))).supply(cloud, 1);
  await row("the stack's own", "DB_PASSWORD", () => update({ machinesOnly: undefined }));
  await row("with what was added", grownSecret(0), async () => {
    await program.grow({ secrets, services });
    return update();
  });
} finally {
  await cloud.remove();
  await rm(directory, { recursive: true, force: true });
}

function onManager(command: string): Promise<string> {
  return inDroplet(engine, "goimg-prod-manager-1", "sh", "-c", command);
}

/** What the engine says that went wrong: it comes after a line for each of a thousand resources. */
function diagnosticsOf(output: string): string {
  const told = output.slice(Math.max(output.lastIndexOf("\nDiagnostics:"), 0));
  return told
    .split("\n")
    .slice(0, 200)
    .map((line) => line.slice(0, 400))
    .join("\n");
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
