/**
 * The prod stack's services, spread over the nodes of its own Swarm, with objects in the fake's Spaces: no value anywhere but where it
 * belongs, rotations under load, and a manager and a worker that die in the middle of one.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { needlesOf, type Needle } from "../../../cli/leaks/finder.ts";
import type { SecretStatus } from "../../../cli/status.ts";
import { dockerAt } from "../../../components/cluster/swarm/client.ts";
import { failed, Load } from "../../bench/rotation/load.ts";
import type { Certified } from "../../fakes/certificates.ts";
import { Client } from "../client.ts";
import { emptyEngine } from "../engine.ts";
import { goimg, noPauses } from "../rotation/command.ts";
import { stateSecrets } from "../stateSecrets.ts";
import { createCertifier, fingerprint, type Certifier } from "./certificate.ts";
import { cluster, createCloudProject, inDroplet, loadImages, type CloudProject } from "./cloud.ts";

const engine = dockerAt(process.env["DOCKER_HOST"] ?? "");
const manager = "goimg-prod-manager-1";
const names = ["manager-1", "manager-2", "manager-3", "worker-1", "worker-2"].map((name) => `goimg-prod-${name}`);
/** Requests a second: five machines share the cores of one. */
const rate = 20;
let cloud: CloudProject;
let gateway: string;
let address: string;
let certifier: Certifier;
let certified: Certified;

async function up(config?: Readonly<Record<string, unknown>>): Promise<void> {
  const result = await cloud.update(config);
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
}

const readiness = z.object({
  secrets: z.array(z.object({ name: z.string(), active: z.number().nullable(), live: z.array(z.number()) })),
});

/** What the API says that it holds, through the gateway. */
async function held(secret: string): Promise<unknown> {
  const answer = await fetch(`${gateway}/readyz`);
  expect(answer.status).toBe(200);
  return readiness.parse(await answer.json()).secrets.find(({ name }) => name === secret);
}

/** Nodes of a service's running tasks; of all services without a name. */
async function nodesOf(service?: string): Promise<readonly string[]> {
  const which = service === undefined ? "$(docker service ls -q)" : `goimg-prod-${service}`;
  const script = `docker service ps -f desired-state=running --format '{{.Node}} {{.CurrentState}}' ${which}`;
  const lines = (await inDroplet(engine, manager, "sh", "-c", script)).trim().split("\n");
  return lines.filter((line) => line.includes(" Running")).map((line) => line.split(" ")[0] ?? "");
}

/** Numbers of a service's running tasks, as the manager lists them, sorted. */
async function tasksOf(service: string): Promise<readonly string[]> {
  const script = `docker service ps -q --no-trunc -f desired-state=running goimg-prod-${service}`;
  return (await inDroplet(engine, manager, "sh", "-c", script)).trim().split("\n").sort();
}

describe("the prod stack's services", () => {
  let client: Client;
  const kept = new Map<string, Buffer>();

  beforeAll(async () => {
    await emptyEngine(engine);
    cloud = await createCloudProject(process.env["GOIMG_FAKE_NODE_IMAGE"], {
      machinesOnly: "true",
      cluster: { ...cluster, ingress: "manager-2" },
    });
    await up();
    await loadImages(engine);
    const ingress = (await cloud.things("droplet")).find(({ name }) => name === "goimg-prod-manager-2");
    address = String(ingress?.["ipv4Address"]);
    gateway = `https://${address}`;
    certifier = await createCertifier(address);
    certified = await certifier.supply(cloud, 1);
    await up({ machinesOnly: undefined });
  });
  afterAll(async () => {
    await emptyEngine(engine);
    await cloud.remove();
  });

  it("run spread over the nodes, data and gateway where they belong", async () => {
    expect(new Set(await nodesOf("api")).size).toBe(2);
    expect(await nodesOf("postgres")).toEqual(["goimg-prod-worker-1"]);
    expect(await nodesOf("redis")).toEqual(["goimg-prod-worker-1"]);
    expect(await nodesOf("ingress")).toEqual(["goimg-prod-manager-2"]);
    expect((await nodesOf("gateway")).length).toBe(2);
    expect(new Set(await nodesOf()).size).toBeGreaterThanOrEqual(4);
  });

  it("are on networks that are declared encrypted", async () => {
    const script = "docker network ls -q -f label=goimg.stack=prod | xargs docker network inspect";
    const networks = z
      .array(z.object({ Name: z.string(), Options: z.record(z.string(), z.string()) }))
      .parse(JSON.parse(await inDroplet(engine, manager, "sh", "-c", script)));
    expect(networks.length).toBeGreaterThan(3);
    expect(networks.filter(({ Options: options }) => !("encrypted" in options))).toEqual([]);
  });

  it("answer through the gateway: a login, database, cache and Spaces", async () => {
    client = await Client.register(gateway);
    for (let n = 0; n < 5; n += 1) {
      const data = randomBytes(2048);
      kept.set(await client.upload(data, "image/png"), data);
    }
    for (const [id, data] of kept) expect((await client.content(id)).equals(data)).toBe(true);
    const keys = (await cloud.things("spacesKey")).map(({ name }) => name);
    expect(keys.sort()).toEqual(["goimg-prod-BACKUP_S3_KEY-g1", "goimg-prod-S3_KEY-g1", "goimg-prod-buckets-owner"]);
  });

  it("answer over TLS 1.2 and 1.3 alone as the certificate's host, and lead plain HTTP there", async () => {
    for (const version of ["TLSv1.2", "TLSv1.3"] as const)
      expect(await certifier.shown(version)).toBe(fingerprint(certified));
    await expect(certifier.shown("TLSv1.1")).rejects.toThrow();
    const answer = await fetch(`${gateway}/healthz`);
    expect([answer.status, answer.headers.get("strict-transport-security")]).toEqual([200, "max-age=63072000"]);
    const plain = await fetch(`http://${address}/images/x?y=1`, { redirect: "manual" });
    expect([plain.status, plain.headers.get("location")]).toEqual([308, `https://${cluster.domain}/images/x?y=1`]);
    // Each gateway has the key, as its own user's file; the ingress has none.
    const look =
      "for id in $(docker ps -q -f name=goimg-prod-$0); do docker exec $id find /run/secrets -type f -printf '%f %m %U\\n'; done";
    const files = async (service: string) =>
      (await Promise.all(names.map((name) => inDroplet(engine, name, "sh", "-c", look, service)))).join("");
    expect(new Set((await files("gateway")).trim().split("\n"))).toEqual(
      new Set(["TLS_CERTIFICATE 400 10005", "TLS_PRIVATE_KEY 400 10005"]),
    );
    expect(await files("ingress")).not.toContain("TLS");
  });

  it("have no value in any spec, config, process, log or file of a node, in the state or in user data", async () => {
    const needles = await values();
    expect(needles.length).toBeGreaterThan(50);
    const look = [
      "docker service ls -q 2>/dev/null | xargs -r docker service inspect; docker config ls -q 2>/dev/null | xargs -r docker config inspect",
      "docker ps -aq | xargs -r docker inspect; docker ps -aq | xargs -r -n1 docker logs 2>&1",
      "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; cat /var/log/*.log; cat /root/.ssh/* /etc/docker/*",
    ].join("; ");
    const pieces = await Promise.all(names.map((name) => inDroplet(engine, name, "sh", "-c", look)));
    const droplets = JSON.stringify(await cloud.things("droplet"));
    const state = (await cloud.project.pulumi("stack", "export")).stdout;
    const config = await readFile(cloud.project.configFile, "utf8");
    const text = Buffer.from([...pieces, droplets, state, config].join("\n"), "utf8");
    expect(needles.filter(({ bytes }) => text.includes(bytes)).map(({ label }) => label)).toEqual([]);
    // It looked where services are.
    expect(text.includes("S3_SECRET_KEY_FILE=/run/secrets/S3_SECRET_KEY")).toBe(true);
  });

  it("tell status what each task holds, on whatever node it is", async () => {
    const { exitCode, stdout, stderr } = await goimg(cloud.project, ["status", "--json"]);
    expect(exitCode, stderr).toBe(0);
    const all = JSON.parse(stdout) as readonly SecretStatus[];
    expect(all.flatMap(({ unsettled }) => unsettled)).toEqual([]);
    for (const { secret, active, consumers } of all) {
      expect(consumers.length, secret).toBeGreaterThan(0);
      for (const { tasks } of consumers) {
        expect(tasks.length, secret).toBeGreaterThan(0);
        for (const { live, active: used } of tasks) expect([live, used], secret).toEqual([[active], active]);
      }
    }
    const api = all.find(({ secret }) => secret === "JWT_KEY")?.consumers.find(({ service }) => service === "api");
    expect(api?.tasks.map(({ task }) => task).sort()).toEqual(await tasksOf("api"));
    expect((await nodesOf("api")).filter((node) => node !== manager)).not.toEqual([]);
  });

  it("refuse the operator's commands that look into one machine, and hand the exporter its facts on its own node", async () => {
    const gate = await goimg(cloud.project, ["gate"]);
    expect([gate.exitCode, gate.stdout, gate.stderr]).toEqual([
      2,
      "",
      expect.stringContaining("can't be used on prod"),
    ]);
    const pushed = await goimg(cloud.project, ["metrics", "--push"]);
    expect([pushed.exitCode, pushed.stderr]).toEqual([0, ""]);
  });

  const rotation = (from: number) =>
    [
      { live: [from, from + 1], active: from },
      { live: [from, from + 1], active: from + 1 },
      { live: [from + 1], active: from + 1 },
    ] as const;

  it("rotate under load by the operator's command, and no request fails: the passwords of database and cache, and the JWT key", async () => {
    const load = new Load(gateway, rate);
    await load.start();
    const times = [...noPauses, "--token-lifetime", "15s"];
    const done = await goimg(cloud.project, ["rotate", "DB_PASSWORD", "REDIS_PASSWORD", "JWT_KEY", ...times]);
    await load.stop();
    expect(done.exitCode, done.stdout + done.stderr).toBe(0);
    expect(done.stdout.match(/^\w+: done \(publish .*, promote .*, retire .*\)$/gm)).toHaveLength(3);
    expect(done.stderr).not.toContain("the metrics stay as they were");
    expect(load.samples.length).toBeGreaterThan(100);
    expect(load.samples.filter(failed)).toEqual([]);
    expect(await held("DB_PASSWORD")).toEqual({ name: "DB_PASSWORD", active: 2, live: [2] });
    client = await client.again();
  });

  it("renew the certificate under load, and no request fails", async () => {
    const renewed = await certifier.supply(cloud, 2);
    const load = new Load(gateway, rate);
    await load.start();
    const two = { live: [2], active: 2 };
    const others = { DB_PASSWORD: two, REDIS_PASSWORD: two, JWT_KEY: two };
    for (const state of rotation(1)) await up({ generations: { ...others, GATEWAY_TLS: state } });
    await load.stop();
    expect(load.samples.length).toBeGreaterThan(100);
    expect(load.samples.filter(failed)).toEqual([]);
    expect(await certifier.shown()).toBe(fingerprint(renewed));
  });

  it("have a leaked password revoked by the operator's command", async () => {
    const done = await goimg(cloud.project, ["revoke", "REDIS_PASSWORD", "--json"]);
    expect(done.exitCode, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ secret: "REDIS_PASSWORD", generation: 2 });
    expect(await held("REDIS_PASSWORD")).toEqual({ name: "REDIS_PASSWORD", active: 3, live: [3] });
    const audit = await goimg(cloud.project, ["audit", "--secret", "REDIS_PASSWORD", "--record"]);
    expect([audit.exitCode, audit.stdout]).toEqual([0, expect.stringContaining("the chain is intact")]);
    expect(audit.stdout).toMatch(/ revoke \w+ /);
  });

  it("rotate Spaces' key", async () => {
    for (const state of rotation(1)) await up({ generations: { ...rotated, S3_KEY: state } });
    const keys = (await cloud.things("spacesKey")).map(({ name }) => String(name));
    expect(keys.filter((name) => name.includes("-S3_KEY"))).toEqual(["goimg-prod-S3_KEY-g2"]);
    for (const [id, data] of kept) expect((await client.content(id)).equals(data)).toBe(true);
  });

  it("lose nothing when a manager and a worker die in the middle of a rotation, which goes on", async () => {
    const load = new Load(gateway, rate);
    await load.start();
    const [published, promoted, retired] = rotation(2);
    const declared = (state: object) => ({
      generations: { ...rotated, S3_KEY: rotated.DB_PASSWORD, DB_PASSWORD: state },
    });
    await up(declared(published));
    const promoting = cloud.update(declared(promoted));
    await sleep(3000);
    const diedAt = Date.now();
    for (const name of ["goimg-prod-manager-3", "goimg-prod-worker-2"]) {
      const droplet = (await cloud.things("droplet")).find((one) => one["name"] === name);
      await engine.getContainer(String(droplet?.["container"])).kill();
    }
    // It may have failed: a task died under it.
    const { exitCode } = await promoting;
    if (exitCode !== 0) await up(declared(promoted));
    await up(declared(retired));
    const mendedAt = Date.now();
    await sleep(3000);
    await load.stop();
    expect(await held("DB_PASSWORD")).toEqual({ name: "DB_PASSWORD", active: 3, live: [3] });
    expect(new Set(await nodesOf()).has("goimg-prod-worker-2")).toBe(false);
    for (const [id, data] of kept) expect((await client.content(id)).equals(data)).toBe(true);
    // What fails is explained by machines that have just died.
    const failures = load.samples.filter(failed);
    expect(failures.filter(({ at }) => at < diedAt - 1000 || at > mendedAt)).toEqual([]);
    const last = ((Math.max(diedAt, ...failures.map(({ at }) => at)) - diedAt) / 1000).toFixed(1);
    const kinds = [...Map.groupBy(failures, ({ status, kind, error = status }) => `${error} ${kind}`)];
    const counts = kinds.map(([what, { length }]) => `${length} ${what}`).join(", ");
    const of = `${failures.length} of ${load.samples.length} requests failed, the last ${last} s after: ${counts}`;
    process.stdout.write(`two of five machines died: ${of}\n`);
  });
});

const rotated = {
  DB_PASSWORD: { live: [2], active: 2 },
  REDIS_PASSWORD: { live: [3], active: 3 },
  JWT_KEY: { live: [2], active: 2 },
  GATEWAY_TLS: { live: [2], active: 2 },
};

/** Every secret of the stack, in the forms that it could turn up in; the keys of the first contact, which user data holds, are left out. */
async function values(): Promise<readonly Needle[]> {
  const outputs = ["result", "privateKeyPem", "secretKey", "managerToken", "workerToken", "unlockKey"];
  const found = await stateSecrets(cloud.project, outputs);
  const needles = found
    .filter(({ name }) => !name.endsWith("-first-contact"))
    .flatMap(({ name, value }) => needlesOf(name, Buffer.from(value)));
  return [...needles, ...needlesOf("TLS_PRIVATE_KEY", Buffer.from(certified.key))];
}
