/**
 * The prod stack's machines: a real Swarm forms over SSH on droplets that are nested Docker nodes, through the real engine with the
 * policy pack; nodes are added, drained, lost and replaced.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, HostKeyMismatch } from "../../../components/cluster/ssh/connection.ts";
import { dockerAt } from "../../../components/cluster/swarm/client.ts";
import { emptyEngine } from "../engine.ts";
import { cluster, createCloudProject, inDroplet, type CloudProject } from "./cloud.ts";

const engine = dockerAt(process.env["DOCKER_HOST"] ?? "");
const manager = "goimg-prod-manager-2";
let cloud: CloudProject;

async function up(settings: object = {}): Promise<string> {
  const result = await cloud.update({ cluster: { ...cluster, ...settings } });
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  return result.stdout;
}

/** Nodes as a manager lists them: name, state, availability, what it is among the managers. */
async function nodes(): Promise<readonly string[]> {
  const format = "{{.Hostname}} {{.Status}} {{.Availability}} {{.ManagerStatus}}";
  const listed = await inDroplet(engine, manager, "docker", "node", "ls", "--format", format);
  return listed
    .trim()
    .split("\n")
    .map((line) => line.replace("Leader", "Reachable").trim())
    .sort();
}

const formed = [
  "goimg-prod-manager-1 Ready Active Reachable",
  "goimg-prod-manager-2 Ready Active Reachable",
  "goimg-prod-manager-3 Ready Active Reachable",
  "goimg-prod-worker-1 Ready Active",
  "goimg-prod-worker-2 Ready Active",
];

describe("the prod stack's machines", () => {
  beforeAll(async () => {
    await emptyEngine(engine);
    cloud = await createCloudProject(process.env["GOIMG_FAKE_NODE_IMAGE"], { machinesOnly: "true" });
    await up();
  });
  afterAll(async () => {
    await emptyEngine(engine);
    await cloud.remove();
  });

  it("form a Swarm of 3 managers and 2 workers, with autolock", async () => {
    expect(await nodes()).toEqual(formed);
    const info = await inDroplet(
      engine,
      manager,
      "docker",
      "info",
      "--format",
      "{{.Swarm.Cluster.Spec.EncryptionConfig.AutoLockManagers}}",
    );
    expect(info.trim()).toBe("true");
  });

  it("change nothing in a second update", async () => {
    expect(await up()).toMatch(/Resources:\n\s+\d+ unchanged/);
  });

  it("know no secret that is in the clear in state, config or cloud: join tokens, unlock key, the operator's key", async () => {
    const values = [
      await inDroplet(engine, manager, "docker", "swarm", "join-token", "-q", "worker"),
      await inDroplet(engine, manager, "docker", "swarm", "join-token", "-q", "manager"),
      await inDroplet(engine, manager, "docker", "swarm", "unlock-key", "-q"),
    ].map((value) => value.trim());
    for (const value of values) expect(value).toMatch(/^SWM(TKN|KEY)-1-/);
    const exported = await cloud.project.pulumi("stack", "export");
    expect(exported.stdout).not.toMatch(/PRIVATE KEY/);
    const everywhere = [
      exported.stdout,
      await readFile(cloud.project.configFile, "utf8"),
      JSON.stringify(await cloud.things("droplet")),
    ];
    for (const value of values) expect(everywhere.some((text) => text.includes(value))).toBe(false);
    // The same places do hold what is no secret, so they were looked at.
    expect(everywhere[0]).toContain("goimg-prod-manager-1");
    expect(everywhere[2]).toContain("ssh_keys");
  });

  it("have forgotten the key of the first contact, and prove to have their own", async () => {
    expect(await inDroplet(engine, manager, "sh", "-c", "ls /etc/ssh | grep ssh_host")).toBe(
      "ssh_host_ed25519_key\nssh_host_ed25519_key.pub\n",
    );
    const [droplet] = (await cloud.things("droplet")).filter(({ name }) => name === manager);
    const offered = await inDroplet(
      engine,
      manager,
      "sh",
      "-c",
      "ssh-keyscan -T 2 -t ecdsa 127.0.0.1 2>/dev/null | wc -l",
    );
    expect(offered.trim()).toBe("0");
    const directory = path.join(cloud.project.place.directory, "local", "goimg-secrets", "ssh", "prod");
    const privateKey = await readFile(path.join(directory, "id"), "utf8");
    const own = await inDroplet(engine, manager, "cut", "-d ", "-f1,2", "/etc/ssh/ssh_host_ed25519_key.pub");
    const other = await inDroplet(
      engine,
      "goimg-prod-worker-1",
      "cut",
      "-d ",
      "-f1,2",
      "/etc/ssh/ssh_host_ed25519_key.pub",
    );
    const target = { host: String(droplet?.["ipv4Address"]), user: "root", privateKey };
    const connection = await connect({ ...target, hostKey: own.trim() });
    expect(await connection.run("hostname")).toBe(`${manager}\n`);
    connection.close();
    await expect(connect({ ...target, hostKey: other.trim() }, 5000)).rejects.toThrow(HostKeyMismatch);
  });

  it("are added and drained as declared, and taken out again", async () => {
    await up({ workers: 3, ingress: "worker-2", drain: ["worker-2"] });
    expect(await nodes()).toEqual([
      ...formed.slice(0, 4),
      "goimg-prod-worker-2 Ready Drain",
      "goimg-prod-worker-3 Ready Active",
    ]);
    await up();
    expect(await nodes()).toEqual(formed);
    expect((await cloud.things("droplet")).length).toBe(5);
  });

  it("are replaced when one is lost: a manager's vote and its node go, a new one comes", async () => {
    const lost = (await cloud.things("droplet")).find(({ name }) => name === "goimg-prod-manager-3");
    await engine.getContainer(String(lost?.["container"])).remove({ force: true, v: true });
    const urn =
      "urn:pulumi:prod::goimg-secrets::goimg:cluster:DigitalOcean$digitalocean:index/droplet:Droplet::manager-3";
    const refreshed = await cloud.project.pulumi("refresh", "--yes", "--skip-preview", "--target", urn);
    expect(refreshed.exitCode, refreshed.stdout + refreshed.stderr).toBe(0);
    await up();
    expect(await nodes()).toEqual(formed);
  });
});
