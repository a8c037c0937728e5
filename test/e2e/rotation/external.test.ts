/** Values that third parties issue: asked about, stored, rolled out, and given up only when the new one works. */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { fakeInfura, fakePinata } from "../../fakes/providers.ts";
import { smtpServer, type SmtpServer } from "../../fakes/smtp.ts";
import { sharedStack } from "../swarm.ts";
import { goimg, noPauses, servicesTouched, start } from "./command.ts";
import { containers, valueIn, valuesIn } from "./holders.ts";

const stack = sharedStack();
const token = (): string => randomBytes(24).toString("base64url");

const first = { pinata: token(), id: token(), secret: token() };
const accepts = { pinata: [first.pinata], infura: [[first.id, first.secret] as const], smtp: [] as string[] };
const servers = new AsyncDisposableStack();
let smtp: SmtpServer;

beforeAll(async () => {
  const pinata = servers.use(await fakePinata(() => accepts.pinata));
  const infura = servers.use(await fakeInfura(() => accepts.infura));
  smtp = servers.use(await smtpServer("mailer", () => accepts.smtp));
  await stack.configure({
    providers: {
      pinata: { url: pinata.url },
      infura: { url: infura.url },
      smtp: { host: "127.0.0.1", port: String(smtp.port), user: "mailer" },
    },
  });
  await stack.supply("IPFS_PINATA_JWT", first.pinata);
  await stack.supply("IPFS_INFURA_PROJECT_ID", first.id);
  await stack.supply("IPFS_INFURA_PROJECT_SECRET", first.secret);
  const { exitCode, stdout, stderr } = await stack.up();
  expect(exitCode, stdout + stderr).toBe(0);
});

afterAll(async () => {
  await servers.disposeAsync();
});

/** What a refused value must leave as it was. */
const everything = async (): Promise<unknown> => [
  await readFile(stack.configFile, "utf8"),
  ((await stack.docker.listSecrets()) as readonly { readonly ID: string }[]).map(({ ID }) => ID).sort(),
  (await containers(stack, "worker")).map(({ Id }) => Id),
];

/** The generations for which the config has a value. */
async function suppliedFor(entry: string): Promise<readonly string[]> {
  const document = parse(await readFile(stack.configFile, "utf8")) as {
    readonly config: { readonly "goimg-secrets:external": Readonly<Record<string, object>> };
  };
  return Object.keys(document.config["goimg-secrets:external"][entry] ?? {});
}

it("a value that the issuer refuses changes nothing, and is not shown", async () => {
  const before = await everything();
  const refused = token();
  const result = await goimg(stack, ["rotate", "IPFS_PINATA_JWT", "--value-stdin"], refused);
  expect(result.exitCode).toBe(1);
  expect(result.stderr).toMatch(
    /Pinata refuses the new value of IPFS_PINATA_JWT \(it answered 401\): nothing was changed/,
  );
  expect(result.stdout + result.stderr).not.toContain(refused);
  expect(await everything()).toEqual(before);
});

it("a malformed value is refused with all of its faults before anybody is asked", async () => {
  const before = await everything();
  const value = { IPFS_INFURA_PROJECT_ID: "short", IPFS_INFURA_PROJECT_SECRET: "changeme-changeme-changeme" };
  const result = await goimg(stack, ["rotate", "IPFS_INFURA", "--value-stdin"], JSON.stringify(value));
  expect(result.exitCode).toBe(2);
  expect(result.stderr).toMatch(/IPFS_INFURA_PROJECT_ID: the value/);
  expect(result.stderr).toMatch(/IPFS_INFURA_PROJECT_SECRET: the value/);
  expect(result.stdout + result.stderr).not.toContain(value.IPFS_INFURA_PROJECT_SECRET);
  expect(await everything()).toEqual(before);
});

it("rotating without a new value says how to give one", async () => {
  const before = await everything();
  const result = await goimg(stack, ["rotate", "IPFS_PINATA_JWT"]);
  expect(result.exitCode).toBe(1);
  expect(result.stderr).toMatch(/has no value.*goimg-secrets rotate IPFS_PINATA_JWT --value-stdin/);
  expect(await everything()).toEqual(before);
});

it("a value that is accepted reaches the worker, and no argument or environment on its way", async () => {
  const fresh = token();
  accepts.pinata.push(fresh);
  const running = start(stack, ["rotate", "IPFS_PINATA_JWT", "--value-stdin", ...noPauses], fresh);
  const shown = new Set<string>();
  const watching = setInterval(() => {
    for (const line of shownBy(fresh)) shown.add(line);
  }, 50);
  const result = await running.ended;
  clearInterval(watching);
  expect(result.exitCode, result.stderr).toBe(0);
  expect(result.stderr).toMatch(/Pinata accepts the new value/);
  expect([...shown]).toEqual([]);
  expect(result.stdout + result.stderr).not.toContain(fresh);
  expect(servicesTouched(result)).toEqual(["worker"]);
  expect(await valueIn(stack, "worker", "IPFS_PINATA_JWT")).toBe(fresh);
  expect(await valuesIn(stack, "worker", "IPFS_PINATA_JWT.1")).toEqual([undefined]);
  // The old value is over: it is not kept in the config, and the file has the new one encrypted.
  expect(await suppliedFor("IPFS_PINATA_JWT")).toEqual(["2"]);
  expect(await readFile(stack.configFile, "utf8")).not.toContain(fresh);
});

it("a secret of two entries is given as one JSON object", async () => {
  const fresh = token();
  accepts.infura.push([first.id, fresh]);
  const value = { IPFS_INFURA_PROJECT_ID: first.id, IPFS_INFURA_PROJECT_SECRET: fresh };
  const result = await goimg(
    stack,
    ["rotate", "IPFS_INFURA", "--value-stdin", ...noPauses],
    `${JSON.stringify(value)}\n`,
  );
  expect(result.exitCode, result.stderr).toBe(0);
  expect(await valueIn(stack, "worker", "IPFS_INFURA_PROJECT_ID")).toBe(first.id);
  expect(await valueIn(stack, "worker", "IPFS_INFURA_PROJECT_SECRET")).toBe(fresh);
});

it("a value that waits in the config is asked about too: refused, the present one stays; accepted, it goes live", async () => {
  const present = await valueIn(stack, "worker", "SMTP_PASSWORD");
  const fresh = token();
  await stack.supply("SMTP_PASSWORD", fresh, 2);
  const before = await everything();
  const refused = await goimg(stack, ["rotate", "SMTP_PASSWORD", ...noPauses]);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(/generation 2 of SMTP_PASSWORD was refused by its issuer: the present one stays/);
  expect(await everything()).toEqual(before);
  expect(await valueIn(stack, "worker", "SMTP_PASSWORD")).toBe(present);
  accepts.smtp.push(fresh);
  const taken = await goimg(stack, ["rotate", "SMTP_PASSWORD", ...noPauses]);
  expect(taken.exitCode, taken.stderr).toBe(0);
  expect(servicesTouched(taken)).toEqual(["worker"]);
  expect(await valueIn(stack, "worker", "SMTP_PASSWORD")).toBe(fresh);
});

it("an alert is mailed with the password that is active, which is in no argument or output", async () => {
  const password = await valueIn(stack, "worker", "SMTP_PASSWORD");
  const file = path.join(stack.place.directory, "alerts");
  await writeFile(file, "mailto:ops@example.com\n", { mode: 0o600 });
  const logins = smtp.logins();
  const result = await goimg(stack, ["status", "--due-in", "3650d", "--alert-file", file]);
  expect([result.exitCode, result.stderr]).toEqual([1, ""]);
  expect(smtp.logins()).toBe(logins + 1);
  expect(smtp.mails).toEqual([expect.objectContaining({ to: ["ops@example.com"] })]);
  expect(smtp.mails[0]?.content).toMatch(/^SMTP_PASSWORD, generation 2: due on \d{4}-\d\d-\d\d \(owner: platform\)/m);
  expect(`${result.stdout}${smtp.mails[0]?.content ?? ""}`).not.toContain(password);
});

/**
 * Processes whose arguments or environment hold the text. PULUMI_CONFIG is left out: Pulumi gives a program that it starts its
 * whole config there, decrypted (docs/external.md).
 */
function shownBy(value: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => ["cmdline", "environ"].map((file) => `/proc/${pid}/${file}`))
    .filter((file) => {
      try {
        const parts = readFileSync(file, "latin1").split("\0");
        return parts.some((part) => part.includes(value) && !part.startsWith("PULUMI_CONFIG="));
      } catch {
        return false;
      }
    });
}
