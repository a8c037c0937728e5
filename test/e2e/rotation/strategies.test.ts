/**
 * Every strategy by command, on the real servers: what is rotated works under the old value and the new, then under the new one
 * alone; the old value is tried, and refused; nothing is touched but what consumes the secret.
 */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { decodeProtectedHeader } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { consumersOf, type SecretName } from "../../../components/catalog/grants.ts";
import { readDeclared } from "../../../cli/rotation/declared.ts";
import { Client } from "../client.ts";
import { eventually, sharedStack } from "../swarm.ts";
import { goimg, noPauses, servicesTouched, type CommandResult } from "./command.ts";
import { accepted, attempts, valueIn, valueInState, type Attempt } from "./holders.ts";

const stack = sharedStack();

async function rotate(secret: SecretName, ...args: readonly string[]): Promise<CommandResult> {
  const result = await goimg(stack, ["rotate", secret, ...noPauses, ...args]);
  expect(result.exitCode, result.stderr).toBe(0);
  expect(consumersOf(secret)).toEqual(expect.arrayContaining([...servicesTouched(result)]));
  return result;
}

async function revoke(secret: SecretName): Promise<CommandResult> {
  const result = await goimg(stack, ["revoke", secret]);
  expect(result.exitCode, result.stderr).toBe(0);
  expect(consumersOf(secret)).toEqual(expect.arrayContaining([...servicesTouched(result)]));
  return result;
}

const generationOf = async (secret: SecretName): Promise<number> => {
  const { stdout } = await goimg(stack, ["status", "--json"]);
  const all = JSON.parse(stdout) as readonly { readonly secret: string; readonly active: number }[];
  return all.find((status) => status.secret === secret)?.active ?? 0;
};

describe("DB_PASSWORD, alternating users", () => {
  const login = async (): Promise<Attempt & { kind: "postgres" }> => ({
    kind: "postgres",
    user: `goimg_g${await generationOf("DB_PASSWORD")}`,
    password: await valueIn(stack, "api", "DB_PASSWORD"),
  });
  const table = `rotated_${randomUUID().replaceAll("-", "")}`;
  let old: Attempt & { kind: "postgres" };

  const answerOf = async (attempt: Attempt): Promise<unknown> => (await attempts(stack, attempt))[0];

  it("has both users while it turns, and what one makes is the other's too", async () => {
    old = await login();
    const made = [
      `CREATE TABLE ${table} (id int)`,
      `GRANT SELECT ON ${table} TO PUBLIC`,
      `INSERT INTO ${table} VALUES (1) RETURNING id`,
    ];
    expect(await answerOf({ ...old, statements: made })).toEqual({ accepted: true, value: 1 });
    await rotate("DB_PASSWORD", "--phase", "promote");
    const fresh = await login();
    expect(fresh.user).not.toBe(old.user);
    const changed = [`ALTER TABLE ${table} ADD COLUMN name text`, `UPDATE ${table} SET name = 'x' RETURNING name`];
    expect(await answerOf({ ...fresh, statements: changed })).toEqual({ accepted: true, value: "x" });
    const back = [`ALTER TABLE ${table} ADD COLUMN more int`, `SELECT name FROM ${table}`];
    expect(await answerOf({ ...old, statements: back })).toEqual({ accepted: true, value: "x" });
  });

  it("lets the old user's sessions finish, ends those that don't, and refuses new ones", async () => {
    const finishing = attempts(stack, { ...old, statements: ["SELECT pg_sleep(4)", "SELECT 7"] });
    const staying = attempts(stack, { ...old, statements: ["SELECT pg_sleep(120)", "SELECT 7"] });
    await rotate("DB_PASSWORD");
    expect(await staying).toEqual([{ accepted: false, code: "57P01" }]);
    expect(await finishing).toEqual([{ accepted: true, value: 7 }]);
    expect(await accepted(stack, old)).toBe("28P01");
    const owner = `SELECT tableowner FROM pg_tables WHERE tablename = '${table}'`;
    const fresh = await login();
    expect(await answerOf({ ...fresh, statements: [owner] })).toEqual({ accepted: true, value: "goimg" });
    const acl = `SELECT relacl::text ~ '(^|[{,])=r' FROM pg_class WHERE relname = '${table}'`;
    expect(await answerOf({ ...fresh, statements: [acl] })).toEqual({ accepted: true, value: true });
  });

  it("once revoked, is refused at once, and its sessions end", async () => {
    old = await login();
    const staying = attempts(stack, { ...old, statements: ["SELECT pg_sleep(120)", "SELECT 7"] });
    await revoke("DB_PASSWORD");
    expect(await staying).toEqual([{ accepted: false, code: "57P01" }]);
    expect(await accepted(stack, old)).toBe("28P01");
    const fresh = await login();
    expect(await answerOf({ ...fresh, statements: [`DROP TABLE ${table}`, "SELECT 1"] })).toEqual({
      accepted: true,
      value: 1,
    });
  });
});

describe("REDIS_PASSWORD and REDIS_ADMIN_PASSWORD, dual password", () => {
  const app = async (): Promise<Attempt> => ({
    kind: "redis",
    user: "goimg",
    password: await valueIn(stack, "api", "REDIS_PASSWORD"),
  });
  // No task that runs holds it: the job that does has ended.
  const admin = async (): Promise<Attempt> => {
    const name = `REDIS_ADMIN_PASSWORD-g${await generationOf("REDIS_ADMIN_PASSWORD")}`;
    return { kind: "redis", user: "admin", password: await valueInState(stack, name) };
  };

  it("accepts both while it turns, and the new one alone after", async () => {
    const old = await app();
    await rotate("REDIS_PASSWORD", "--phase", "promote");
    // The same command again, as after a crash at its very end, goes no further than it was to go.
    expect(servicesTouched(await rotate("REDIS_PASSWORD", "--phase", "promote"))).toEqual([]);
    const fresh = await app();
    expect(fresh).not.toEqual(old);
    expect([await accepted(stack, old), await accepted(stack, fresh)]).toEqual([true, true]);
    await rotate("REDIS_PASSWORD");
    expect([await accepted(stack, old), await accepted(stack, fresh)]).toEqual(["WRONGPASS", true]);
  });

  it("keeps what it accepts when the server restarts", async () => {
    const fresh = await app();
    const [container] = await stack.docker.listContainers({
      filters: { label: ["com.docker.swarm.service.name=goimg-dev-redis"] },
    });
    await stack.docker.getContainer(container?.Id ?? "none").kill();
    const again = async (): Promise<boolean | string> => accepted(stack, fresh).catch(() => "no server");
    expect(await eventually(again, (answer) => answer === true)).toBe(true);
  });

  it("once revoked, is refused", async () => {
    const old = await app();
    await revoke("REDIS_PASSWORD");
    expect([await accepted(stack, old), await accepted(stack, await app())]).toEqual(["WRONGPASS", true]);
  });

  it("the administrator's turns too, by the job that logs in with it, and touches no client", async () => {
    const old = await admin();
    const result = await rotate("REDIS_ADMIN_PASSWORD");
    expect(servicesTouched(result)).toEqual(["cache-acl"]);
    const fresh = await admin();
    expect(fresh).not.toEqual(old);
    expect([await accepted(stack, old), await accepted(stack, fresh)]).toEqual(["WRONGPASS", true]);
  });
});

describe("S3_KEY, dual access key", () => {
  const key = async (): Promise<Attempt> => ({
    kind: "s3",
    accessKeyId: await valueIn(stack, "api", "S3_ACCESS_KEY"),
    secretAccessKey: await valueIn(stack, "api", "S3_SECRET_KEY"),
  });

  it("accepts both keys while it turns, on every replica", async () => {
    const old = await key();
    await rotate("S3_KEY", "--phase", "promote");
    const fresh = await key();
    expect(fresh).not.toEqual(old);
    expect([await accepted(stack, old), await accepted(stack, fresh)]).toEqual([true, true]);
  });

  it("with both slots taken, an emergency makes room by the key that nobody uses", async () => {
    const leaked = await key();
    await revoke("S3_KEY");
    const fresh = await key();
    expect([await accepted(stack, leaked), await accepted(stack, fresh)]).toEqual(["403,403", true]);
    expect(await generationOf("S3_KEY")).toBe(3);
  });
});

describe("JWT_KEY, dual key", () => {
  const status = async (token: string): Promise<number> => {
    const answer = await fetch(`${stack.url}/me`, { headers: { authorization: `Bearer ${token}` } });
    await answer.arrayBuffer();
    return answer.status;
  };
  /** As {@link status}, once the tasks of before have served their last request: they take a few seconds to leave. */
  const refused = (token: string): Promise<number> =>
    eventually(
      () => status(token),
      (answer) => answer === 401,
      15,
    );
  let client: Client;
  beforeAll(async () => {
    client = await Client.register(stack.url);
  });

  it("accepts tokens of before the promotion until the retirement, and of after it at once", async () => {
    await rotate("JWT_KEY", "--phase", "promote");
    const { kid } = decodeProtectedHeader(client.token);
    const fresh = await eventually(
      () => Client.register(stack.url),
      ({ token }) => decodeProtectedHeader(token).kid !== kid,
      15,
    );
    expect(decodeProtectedHeader(fresh.token).kid).not.toBe(kid);
    expect([await status(client.token), await status(fresh.token)]).toEqual([200, 200]);
    await rotate("JWT_KEY");
    expect([await refused(client.token), await status(fresh.token)]).toEqual([401, 200]);
    client = fresh;
  });

  it("once revoked, its tokens are refused", async () => {
    await revoke("JWT_KEY");
    expect(await refused(client.token)).toBe(401);
    expect(await status((await Client.register(stack.url)).token)).toBe(200);
  });
});

describe("CLAMAV_PASSWORD, redeploy", () => {
  it("is made, replaced and dropped, by one update each, in its one consumer", async () => {
    const generations = { CLAMAV_PASSWORD: { live: [1], active: 1 } };
    const declared = parse(await readFile(stack.configFile, "utf8")) as {
      readonly config: { readonly "goimg-secrets:generations"?: object };
    };
    await stack.configure({ generations: { ...declared.config["goimg-secrets:generations"], ...generations } });
    expect((await stack.up()).exitCode).toBe(0);
    const old = await valueIn(stack, "worker", "CLAMAV_PASSWORD");
    const result = await rotate("CLAMAV_PASSWORD");
    expect(servicesTouched(result)).toEqual(["worker"]);
    expect(await valueIn(stack, "worker", "CLAMAV_PASSWORD")).not.toBe(old);
    expect(result.stdout).toMatch(/CLAMAV_PASSWORD: done \(promote [\d.]+ s, retire [\d.]+ s\)/);
  });
});

it("several that are turned at once all come to the phase that is asked for, also those that have to wait for longer", async () => {
  const both = ["JWT_KEY", "REDIS_PASSWORD"] as const;
  const turn = async (phase: string, ...pauses: readonly string[]): Promise<readonly (readonly number[])[]> => {
    const { exitCode, stderr } = await goimg(stack, ["rotate", ...both, "--phase", phase, "--grace", "0s", ...pauses]);
    expect(exitCode, stderr).toBe(0);
    const declared = await readDeclared(stack.configFile);
    return both.map((secret) => [declared[secret].live.length, declared[secret].active]);
  };
  const before = [await generationOf("JWT_KEY"), await generationOf("REDIS_PASSWORD")];
  const promoted = await turn("promote", "--jwks-cache", "15s", "--token-lifetime", "0s");
  expect(promoted).toEqual(before.map((active) => [2, active + 1]));
  const retired = await turn("retire", "--jwks-cache", "0s", "--token-lifetime", "20s");
  expect(retired).toEqual(before.map((active) => [1, active + 1]));
});

it("the audit log has all of it, and its chain is intact", async () => {
  const { exitCode, stdout } = await goimg(stack, ["audit"]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/entries, the chain is intact/);
  for (const secret of ["DB_PASSWORD", "REDIS_PASSWORD", "REDIS_ADMIN_PASSWORD", "S3_KEY", "JWT_KEY"]) {
    expect(stdout).toMatch(new RegExp(`${secret} {2}retire done|${secret} {2}revoke done`));
  }
});
