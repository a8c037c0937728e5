/**
 * Takes every real value out of the running stack and finds none of them anywhere but in the containers' memory; and plants
 * one in every kind of place, to show that it would be found.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { imageTag } from "../../toolchain/images.ts";
import { inspections, logs, type Read } from "../../cli/leaks/docker.ts";
import { Finder, formsOf, needlesOf, type Needle } from "../../cli/leaks/finder.ts";
import * as places from "./leakPlaces.ts";
import { repository } from "./project.ts";
import { stateSecrets } from "./stateSecrets.ts";
import { containersOf, eventually, services, sharedStack } from "./swarm.ts";

const stack = sharedStack();
const { docker } = stack;
/** When the stack's directory was made: nothing is older that could hold a value. */
const began = statSync(stack.place.env["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? "").mtimeMs;

/** Decrypted values of the stack, in memory alone: passwords and keys that it generated, and what it stores. */
async function values(): Promise<{ readonly needles: readonly Needle[]; readonly names: readonly string[] }> {
  const found = (await stateSecrets(stack, ["result", "privateKeyPem", "data"]))
    // A Swarm secret's data is base64 of what is there as a generated value already, but for what third parties issued.
    .map(({ name, output, value }) => ({
      name,
      output,
      content: output === "data" ? Buffer.from(value, "base64") : Buffer.from(value),
    }))
    .filter(({ content }) => !content.includes("PUBLIC KEY"));
  return {
    needles: found.flatMap(({ name, content }) => needlesOf(name, content)),
    names: found.map(({ name, output }) => `${name} ${output}`),
  };
}

let finder: Finder;
let names: readonly string[];

beforeAll(async () => {
  const taken = await values();
  names = taken.names;
  const passphrase = await readFile(stack.place.env["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? "");
  finder = new Finder([...taken.needles, ...formsOf("passphrase", passphrase)]);
});

/** Where something was found: place and label, never a value. */
async function search(
  what: Finder,
  reads: AsyncIterable<Read>,
): Promise<{ readonly hits: string[]; readonly count: number }> {
  const hits: string[] = [];
  let count = 0;
  for await (const { name, pieces } of reads) {
    count += 1;
    const all: Uint8Array[] = [];
    for await (const piece of pieces) all.push(piece);
    for (const label of what.find(Buffer.concat(all))) hits.push(`${label} in ${name}`);
  }
  return { hits, count };
}

/** The file of the passphrase is where the passphrase belongs. */
const own = (hit: string): boolean => hit.startsWith("passphrase (raw)") && hit.endsWith("/passphrase");

interface Place {
  readonly name: string;
  readonly reads: () => AsyncIterable<Read>;
  /** The part of it that the planted value is looked for in. @default all */
  readonly part?: () => AsyncIterable<Read>;
  /** Puts a value there; answers what takes it away again. */
  readonly plant: (value: string) => Promise<() => Promise<unknown>>;
}

const fileAt = (file: string) => async (value: string) => {
  // In the middle of other bytes and at an odd alignment of base64: the least obvious of the forms.
  await writeFile(file, `x${Buffer.from(`ab${value}cd`).toString("base64")}`, { mode: 0o600 });
  return () => rm(file, { force: true });
};

async function plantedContainer(
  env: readonly string[],
  labels: Record<string, string>,
): Promise<() => Promise<unknown>> {
  const container = await docker.createContainer({ Image: imageTag("gateway"), Env: [...env], Labels: labels });
  return () => container.remove({ force: true, v: true });
}

/** A container that prints a file: the value is in its log, and in nothing that `inspect` shows. */
async function plantedLog(value: string): Promise<() => Promise<unknown>> {
  const file = path.join(stack.place.directory, "printed");
  await writeFile(file, value);
  const container = await docker.createContainer({
    Image: imageTag("postgres"),
    Entrypoint: ["cat", "/printed"],
    User: "0:0",
    HostConfig: { Binds: [`${file}:/printed:ro`], NetworkMode: "none" },
  });
  await container.start();
  await container.wait();
  await rm(file);
  return () => container.remove({ force: true, v: true });
}

function plantedProcess(args: readonly string[], env: Record<string, string>): () => Promise<unknown> {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 600000)", ...args], { env, stdio: "ignore" });
  return () => {
    const ended = new Promise((done) => child.on("close", done));
    child.kill("SIGKILL");
    return ended;
  };
}

const inState = path.join(stack.state, ".pulumi", "planted.json");

const all: readonly Place[] = [
  {
    name: "a label that docker inspect shows",
    reads: () => inspections(docker),
    plant: (value) => plantedContainer([], { planted: encodeURIComponent(value) }),
  },
  {
    name: "an environment that docker inspect shows",
    reads: () => inspections(docker),
    plant: (value) => plantedContainer([`PLANTED=${Buffer.from(value).toString("base64url")}`], {}),
  },
  { name: "a log", reads: () => logs(docker), plant: plantedLog },
  {
    name: "a process' arguments",
    reads: places.processes,
    plant: (value) => Promise.resolve(plantedProcess([value], {})),
  },
  {
    name: "a process' environment",
    reads: places.processes,
    plant: (value) => Promise.resolve(plantedProcess([], { PLANTED: Buffer.from(value).toString("hex") })),
  },
  { name: "the state", reads: () => places.state(stack), plant: fileAt(inState) },
  {
    name: "pulumi's output",
    reads: () => places.pulumiOutput(stack),
    part: () => places.pulumiOutput(stack, [["config", "--json"]]),
    plant: async (value) => {
      await stack.configure({ planted: value });
      return () => stack.configure({ planted: undefined });
    },
  },
  {
    name: "pulumi's and node's own folders",
    reads: places.caches,
    plant: (value) => fileAt(path.join(stack.place.env["PULUMI_HOME"] ?? "", "planted"))(value),
  },
  {
    name: "the repository",
    reads: () => places.workTree(),
    plant: fileAt(path.join(repository, "test", "e2e", `planted-${process.pid}`)),
  },
  {
    name: "a temporary folder",
    reads: () => places.temporary(began),
    plant: fileAt(path.join("/var/tmp", `goimg-planted-${process.pid}`)),
  },
  {
    name: "what the engine keeps on disk",
    reads: () => places.engineData(docker),
    plant: async (value) => {
      await docker.createVolume({ Name: "planted" });
      const { Mountpoint: folder } = await docker.getVolume("planted").inspect();
      await writeFile(path.join(folder, "planted"), JSON.stringify({ value }));
      return () => docker.getVolume("planted").remove();
    },
  },
];

describe("the values of the stack", () => {
  it("are all known to this test", () => {
    expect([...names].sort()).toEqual(
      [
        ...["BACKUP_S3_ACCESS_KEY", "BACKUP_S3_SECRET_KEY", "DB_PASSWORD", "GRAFANA_ADMIN_PASSWORD"],
        ...["REDIS_ADMIN_PASSWORD", "REDIS_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"],
      ]
        .flatMap((name) => [`${name}-g1 data`, `${name}-g1 result`])
        .concat("JWT_KEY-g1 privateKeyPem", "JWT_PRIVATE_KEY-g1 data", "SMTP_PASSWORD-g1 data")
        .sort(),
    );
  });

  it("are what the containers hold in memory", async () => {
    const api = (await services(docker, "dev")).get("api");
    const [container] = api === undefined ? [] : await containersOf(docker, api);
    const found = await search(finder, places.files(`/proc/${container?.State.Pid ?? 0}/root/run/secrets`));
    expect(found.hits.filter((hit) => hit.includes("(raw)")).length).toBeGreaterThanOrEqual(5);
  });

  it.each(all)("are not in $name, where a planted one is found", async ({ reads, part = reads, plant }) => {
    const { hits, count } = await search(finder, reads());
    expect(hits.filter((hit) => !own(hit))).toEqual([]);
    expect(count).toBeGreaterThan(0);
    const value = randomBytes(24).toString("base64url");
    const remove = await plant(value);
    try {
      const found = await search(new Finder(formsOf("planted", Buffer.from(value))), part());
      expect(found.hits.length).toBeGreaterThan(0);
    } finally {
      await remove();
    }
  });

  it("are in no process while pulumi updates, but for what third parties issued, in the program's own environment", async () => {
    const update = { running: true };
    const ended = stack.pulumi("up", "--yes", "--skip-preview").finally(() => (update.running = false));
    const hits = new Set<string>();
    await eventually(
      async () => {
        for (const hit of (await search(finder, places.processes())).hits) hits.add(hit.replace(/\d+/g, "N"));
        return update.running;
      },
      (running) => !running,
      120,
    );
    expect((await ended).exitCode).toBe(0);
    // PULUMI_CONFIG is how the engine hands its program the config: only the same user and root can read it, while it runs.
    expect([...hits].filter((hit) => !/^SMTP_PASSWORD-gN .* in \/proc\/N\/environ$/.test(hit))).toEqual([]);
  });
});
