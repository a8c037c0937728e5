/**
 * Revokes secrets of the dev stack, one after the other, and prints how long after the command the real server refused the old value
 * (it is tried five times a second, from where the servers' clients are), and what 20 requests a second through the gateway saw of it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import Table from "cli-table3";
import type { SecretName } from "../../components/catalog/grants.ts";
import { pulumiOrFail } from "../../cli/pulumi.ts";
import { readDeclared } from "../../cli/rotation/declared.ts";
import { openStack, type StackContext } from "../../cli/stack.ts";
import { up } from "../../cli/up.ts";
import { projectRoot } from "../../toolchain/paths.ts";
import { Client } from "../e2e/client.ts";
import type { Question } from "../e2e/rotation/answer.ts";
import { containers, valueIn, valueInState } from "../e2e/rotation/holders.ts";
import { urlOf } from "./rotation/address.ts";
import { failed, Load } from "./rotation/load.ts";

/** How a secret's old value is tried, and in which service's network: one that the revocation leaves alone. */
const ways: Readonly<Partial<Record<SecretName, (context: StackContext) => Promise<{ from: string; ask: Question }>>>> =
  {
    REDIS_PASSWORD: async (stack) => ({
      from: "redis",
      ask: { kind: "redis", host: "redis", user: "goimg", password: await valueIn(stack, "api", "REDIS_PASSWORD") },
    }),
    REDIS_ADMIN_PASSWORD: async ({ stack, env, cwd, configFile }) => {
      const { active } = (await readDeclared(configFile)).REDIS_ADMIN_PASSWORD;
      const pulumi = (...args: string[]) => pulumiOrFail([...args, "--stack", stack], { env, cwd, output: "capture" });
      const password = await valueInState({ pulumi }, `REDIS_ADMIN_PASSWORD-g${active}`);
      return { from: "redis", ask: { kind: "redis", host: "redis", user: "admin", password } };
    },
    DB_PASSWORD: async (stack) => {
      const { active } = (await readDeclared(stack.configFile)).DB_PASSWORD;
      const password = await valueIn(stack, "api", "DB_PASSWORD");
      return { from: "postgres", ask: { kind: "postgres", host: "postgres", user: `goimg_g${active}`, password } };
    },
    S3_KEY: async (stack) => {
      const [accessKeyId, secretAccessKey] = [
        await valueIn(stack, "api", "S3_ACCESS_KEY"),
        await valueIn(stack, "api", "S3_SECRET_KEY"),
      ];
      return { from: "backup", ask: { kind: "s3", host: "s3", accessKeyId, secretAccessKey } };
    },
  };

await up();
const stack = openStack("dev");
const url = await urlOf(stack);
const table = new Table({
  head: ["secret", "refused after, s", "command, s", "failed of requests", "failing for, s"],
  style: { head: [], border: [] },
});
for (const secret of ["REDIS_PASSWORD", "REDIS_ADMIN_PASSWORD", "DB_PASSWORD", "S3_KEY", "JWT_KEY"] as const) {
  const way = await ways[secret]?.(stack);
  const refused = way === undefined ? tokenRefused((await Client.register(url)).token) : loginRefused(way);
  const load = new Load(url, 20);
  await load.start();
  // The programs of the attempts are loaded, and have tried.
  await sleep(3000);
  const began = Date.now();
  await revoke(secret);
  const ended = Date.now();
  const at = await refused;
  await load.stop();
  const during = load.samples.filter((sample) => sample.at >= began);
  const failures = during.filter(failed).map((sample) => sample.at);
  const failing = failures.length === 0 ? 0 : Math.max(...failures) - Math.min(...failures);
  table.push([
    secret,
    seconds(at - began),
    seconds(ended - began),
    `${failures.length} of ${during.length}`,
    seconds(failing),
  ]);
}
process.stdout.write(`${table.toString()}\n`);

async function revoke(secret: SecretName): Promise<void> {
  const args = [path.join(projectRoot, "cli", "main.ts"), "revoke", secret, "--reason", "benchmark"];
  const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: ["ignore", "inherit", "inherit"] });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`revoke ${secret} ended with ${code}`);
}

async function loginRefused({ from, ask }: { readonly from: string; readonly ask: Question }): Promise<number> {
  const [container] = await containers(stack, from);
  if (container === undefined) throw new Error(`${from} does not run`);
  const script = path.join(import.meta.dirname, "rotation", "refusal.ts");
  const child = spawn("nsenter", [`--net=/proc/${container.State.Pid}/ns/net`, process.execPath, script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(JSON.stringify(ask));
  return (JSON.parse(await text(child.stdout)) as { readonly at: number }).at;
}

/** The first of ten refusals in a row: until then a task that leaves may still have answered. */
async function tokenRefused(token: string): Promise<number> {
  for (let first = 0, row = 0; ; row += 1) {
    const at = Date.now();
    const { status } = await fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}` } });
    if (status !== 401) row = -1;
    else if (row === 0) first = at;
    if (row === 9) return first;
    await sleep(200);
  }
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
