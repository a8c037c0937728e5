/**
 * The stack that is up moves to a real Vault, rotates there under load, and moves back: each step killed once and run again. Vault
 * serves TLS with a CA of its own, on the address by which the Swarm's tasks reach this machine.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { controls } from "../../../cli/gate/controls/index.ts";
import { readFacts } from "../../../cli/gate/readers/index.ts";
import { checkControls } from "../../../cli/gate/run.ts";
import { observeStack } from "../../../components/cluster/swarm/observeStack.ts";
import { engineAt } from "../../../cli/stack.ts";
import { readStoreSettings } from "../../../cli/stores/settings.ts";
import { keptInVault } from "../../../components/stores/vaultPlaces.ts";
import { member } from "../../../runtime/vaultHttp.ts";
import { Client } from "../client.ts";
import { startVault, type VaultServer } from "../stores/vaultServer.ts";
import { containersOf, eventually, services, sharedStack } from "../swarm.ts";
import { goimg, noPauses, start, type CommandResult } from "./command.ts";

const stack = sharedStack();
let server: VaultServer;

/** Address of the Swarm's tasks' way out: the same machine. */
async function wayOut(): Promise<string> {
  const bridge: unknown = await stack.docker.getNetwork("docker_gwbridge").inspect();
  const configs = member(bridge, "IPAM", "Config");
  return String(member(Array.isArray(configs) ? configs[0] : undefined, "Gateway"));
}

beforeAll(async () => {
  server = await startVault(await wayOut());
  const { address, caFile = "" } = server;
  await stack.configure({ vault: { address, caFile } });
});

afterAll(async () => {
  await server.stop();
});

const toVault = ["migrate", "--from", "swarm", "--to", "vault"] as const;
const toSwarm = ["migrate", "--from", "vault", "--to", "swarm"] as const;

const config = async (): Promise<unknown> => {
  const text = await readFile(stack.configFile, "utf8");
  const { config: all } = parse(text) as { readonly config: Readonly<Record<string, unknown>> };
  return { store: all["goimg-secrets:store"] ?? "swarm", keepIn: all["goimg-secrets:keepIn"] };
};

/** Runs the move and kills it once it has said that it does a stage; then the same command again. */
async function killedAt(args: readonly string[], stage: string): Promise<void> {
  const { child, said, ended } = start(stack, [...args, "--apply"]);
  await said(new RegExp(`^${stage} `));
  child.kill("SIGKILL");
  await ended;
}

const succeeds = ({ exitCode, stderr }: CommandResult): void => {
  expect(exitCode, stderr).toBe(0);
};

/** One upload and download after another, until it is told to end; answers what failed. */
function load(client: Client): { end: () => Promise<{ readonly done: number; readonly failed: readonly string[] }> } {
  const state = { going: true };
  let done = 0;
  const failed: string[] = [];
  const running = (async () => {
    while (state.going) {
      await client.upload(Buffer.from(`image ${done}`), "image/png").then(
        () => (done += 1),
        (error: unknown) => failed.push(String(error)),
      );
    }
  })();
  return {
    async end() {
      state.going = false;
      await running;
      return { done, failed };
    },
  };
}

const folder = (part: string): string => `secret/${part}/goimg/${stack.stack}`;

const kept = async (): Promise<readonly string[]> =>
  (await keptInVault({ address: server.address, mount: "secret", stack: stack.stack }))
    .map(({ entry, generation }) => `${entry}.${generation}`)
    .sort();

describe("the stack", () => {
  let before: readonly string[];

  test("says first what a move would do, and what it lacks", async () => {
    const planned = await goimg(stack, [...toVault, "--json"]);
    succeeds(planned);
    const plan = JSON.parse(planned.stdout) as { readonly stage: string; readonly generations: readonly string[] };
    expect(plan.stage).toBe("begin");
    before = [...plan.generations].sort();
    expect(before.length).toBeGreaterThan(5);
    expect(await config()).toEqual({ store: "swarm", keepIn: undefined });
    expect(await kept()).toEqual([]);
    const back = await goimg(stack, toSwarm);
    expect(back.stdout).toContain("stage: retired; left: nothing");
  });

  test("does not switch to a store that lacks a value, names it, and can be taken back", async () => {
    await killedAt(toVault, "copied");
    succeeds(await stack.up());
    const [version = ""] = before
      .filter((key) => key.startsWith("REDIS_PASSWORD."))
      .map((key) => key.split(".")[1] ?? "");
    await server.ask("PUT", `${folder("destroy")}/REDIS_PASSWORD`, { versions: [Number(version)] });
    const refused = await goimg(stack, [...toVault, "--apply"]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain(`vault does not hold what the stack has of REDIS_PASSWORD.${version}`);
    expect(await config()).toEqual({ store: "swarm", keepIn: ["swarm", "vault"] });
    succeeds(await goimg(stack, [...toVault, "--apply", "--undo"]));
    expect(await config()).toEqual({ store: "swarm", keepIn: undefined });
    expect(await kept()).toEqual([]);
    // Vault remembers the numbers that it held, until it is told to forget them (docs/stores.md).
    const entries = new Set(before.map((key) => key.split(".")[0] ?? ""));
    for (const entry of entries) await server.ask("DELETE", `${folder("metadata")}/${entry}`);
  });

  test("moves to Vault, killed at each stage and taken up again; what was stored before is served after", async () => {
    const client = await Client.register(stack.url);
    const image = await client.upload(Buffer.from("before the move"), "image/png");
    for (const stage of ["copied", "switched"]) await killedAt(toVault, stage);
    succeeds(await goimg(stack, [...toVault, "--apply"]));
    expect(await config()).toEqual({ store: "vault", keepIn: undefined });
    expect(await kept()).toEqual(before);
    const content = await eventually(
      () => client.content(image).catch(() => undefined),
      (found) => found !== undefined,
    );
    expect(content?.toString()).toBe("before the move");
    const { secrets } = await observeStack(stack.docker, stack.stack, { store: "swarm", keepIn: ["swarm"] });
    expect(secrets).toEqual([]);
  });

  test("runs from Vault: no value is mounted, each service has a login of its own, and says what it read", async () => {
    const found = await services(stack.docker, stack.stack);
    for (const name of ["api", "worker", "db-roles", "s3"]) {
      const service = found.get(name);
      const mounts = service?.Spec.TaskTemplate.ContainerSpec.Secrets ?? [];
      expect(mounts.map(({ File }) => File.Name)).toEqual(["/run/goimg/login"]);
      const [container] = service === undefined ? [] : await containersOf(stack.docker, service);
      expect(container?.Config.Env).toContain(`VAULT_ROLE_ID=goimg-${stack.stack}-${name}`);
    }
    const status = await goimg(stack, ["status", "--json"]);
    succeeds(status);
    const { secrets } = await observeStack(stack.docker, stack.stack, await readStoreSettings(stack.configFile));
    expect(secrets.map(({ entry, generation }) => `${entry}.${generation}`).sort()).toEqual(before);
    expect(JSON.stringify(await server.ask("GET", `sys/policies/acl/goimg-${stack.stack}-worker`))).not.toContain("*");
  });

  test("passes the gate's controls there, which ask Vault; a rule too many in a policy is found", async () => {
    const { directory, env } = stack.place;
    const auditFile = path.join(directory, "audit", `${stack.stack}.jsonl`);
    const { configFile } = stack;
    const context = { ...engineAt(env["DOCKER_HOST"]), stack: stack.stack, cwd: directory, env, configFile, auditFile };
    // The others look at git, auditd and the last backup, which are the same wherever values are kept.
    const elsewhere = ["never-committed", "access-monitored", "backups"];
    const wanted = controls.filter(({ id }) => !elsewhere.includes(id));
    const outcomes = await checkControls(readFacts(context), wanted);
    expect(outcomes.filter(({ verdict }) => verdict !== "pass").map(({ id, problems }) => ({ id, problems }))).toEqual(
      [],
    );
    const policy = `sys/policies/acl/goimg-${stack.stack}-worker`;
    const before = member(await server.ask("GET", policy), "data", "policy");
    const extra = `${folder("data")}/JWT_PRIVATE_KEY`;
    await server.ask("PUT", policy, { policy: `${String(before)}\npath "${extra}" { capabilities = ["read"] }\n` });
    try {
      const narrow = controls.filter(({ id }) => id === "least-privilege");
      const [found] = await checkControls(readFacts(context), narrow);
      expect(found?.verdict).toBe("fail");
      expect(found?.problems).toEqual([expect.stringContaining("worker's login may read JWT_PRIVATE_KEY")]);
    } finally {
      await server.ask("PUT", policy, { policy: before });
    }
  });

  test("rotates in Vault without a refused request; the old version is destroyed", async () => {
    const requests = load(await Client.register(stack.url));
    succeeds(await goimg(stack, ["rotate", "DB_PASSWORD", ...noPauses]));
    const { done, failed } = await requests.end();
    expect(failed).toEqual([]);
    expect(done).toBeGreaterThan(10);
    const old = before.find((key) => key.startsWith("DB_PASSWORD."))?.split(".")[1] ?? "";
    const versions = member(await server.ask("GET", `${folder("metadata")}/DB_PASSWORD`), "data");
    expect(member(versions, "versions", old, "destroyed")).toBe(true);
    expect(await kept()).toContain(`DB_PASSWORD.${Number(member(versions, "current_version"))}`);
  });

  test("moves back to Swarm, killed while the old entries go, and leaves neither value nor login in Vault", async () => {
    await killedAt(toSwarm, "switched");
    await killedAt(toSwarm, "retired");
    succeeds(await goimg(stack, [...toSwarm, "--apply"]));
    expect(await kept()).toEqual([]);
    expect(await server.ask("LIST", "auth/approle/role")).toBeUndefined();
    const names = (await services(stack.docker, stack.stack)).get("api")?.Spec.TaskTemplate.ContainerSpec.Secrets ?? [];
    expect(names.map(({ File }) => File.Name)).toContain("DB_PASSWORD");
    expect(await config()).toEqual({ store: "swarm", keepIn: undefined });
  });
});
