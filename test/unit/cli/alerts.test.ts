/** Whom an alert reaches, and what is said when it does not: a real SMTP server, and pulumi in the place of a script that decrypts. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openAlerts } from "../../../cli/alerts/alerts.ts";
import { readPlaces } from "../../../cli/alerts/places.ts";
import { engineAt, type StackContext } from "../../../cli/stack.ts";
import { run, type RunResult } from "../../../toolchain/process.ts";
import { fakeServer } from "../../fakes/http.ts";
import { certificateOf, smtpServer, type SmtpOptions } from "../../fakes/smtp.ts";

const main = path.resolve(import.meta.dirname, "../../../cli/main.ts");
const password = "invented-password-of-the-mailer";
const user = "mailer@example.com";
const mailto = "mailto:ops@example.com,security@example.com";

let directory: string;
let file: string;
let pulumi: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "goimg-alerts-"));
  file = path.join(directory, "alerts");
  // Decrypting is Pulumi's, and tested with the real one in test/e2e/rotation/external.test.ts.
  pulumi = path.join(directory, "cache/pulumi/bin/pulumi");
  await mkdir(path.dirname(pulumi), { recursive: true });
  await writeFile(path.join(directory, "value"), `${password}\n`);
  await writeFile(
    pulumi,
    `#!/bin/sh\ncase "$*" in *'SMTP_PASSWORD["2"]'*) cat '${directory}/value' ;; *) exit 1 ;; esac\n`,
  );
  await chmod(pulumi, 0o755);
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** A stack with that submission server, and that password of its active generation. */
async function stackWith(smtp: object): Promise<StackContext> {
  const configFile = path.join(directory, "Pulumi.dev.yaml");
  const config = {
    "goimg-secrets:generations": { SMTP_PASSWORD: { live: [1, 2], active: 2 } },
    "goimg-secrets:external": { SMTP_PASSWORD: { 2: { secure: "v1:invented" } } },
    "goimg-secrets:providers": { smtp },
  };
  await writeFile(configFile, JSON.stringify({ config }));
  const env = { PATH: `${path.dirname(pulumi)}:${process.env["PATH"] ?? ""}` };
  return { stack: "dev", cwd: directory, env, configFile, ...engineAt(), auditFile: "" };
}

/** Tells everybody in the file. Answers what was reported. */
async function alert(places: string, smtp: object): Promise<string> {
  await writeFile(file, places, { mode: 0o600 });
  const lines: string[] = [];
  const alerts = await openAlerts(await stackWith(smtp), file, (line) => void lines.push(line));
  await alerts.send("the update did not finish\nwith a reason");
  expect(lines.join("\n")).not.toContain(password);
  return lines.join("\n");
}

/** The same by the command that a unit runs at its end, whose process trusts another authority. */
async function alertByCommand(smtp: object, authority?: string): Promise<RunResult> {
  await writeFile(file, mailto, { mode: 0o600 });
  await stackWith(smtp);
  const { GOIMG_CACHE, XDG_STATE_HOME } = { GOIMG_CACHE: path.join(directory, "cache"), XDG_STATE_HOME: directory };
  const own = { GOIMG_PROJECT: directory, GOIMG_CACHE, XDG_STATE_HOME, SERVICE_RESULT: "timeout" };
  return run(process.execPath, [main, "schedule", "alert", "--alert-file", file], {
    env: { ...process.env, ...own, ...(authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: authority }) },
  });
}

const serverWith = async (accepted: string, options: SmtpOptions = {}) => smtpServer(user, () => [accepted], options);
const at = (port: number, own: object = {}) => ({ host: "127.0.0.1", port, user, ...own });

describe("an alert by mail", () => {
  test("is handed to the stack's server with the password of the active generation", async () => {
    await using server = await serverWith(password);
    expect(await alert(mailto, at(server.port))).toBe("");
    expect(server.logins()).toBe(1);
    expect(server.mails).toEqual([
      expect.objectContaining({ from: user, to: ["ops@example.com", "security@example.com"], secure: false }),
    ]);
    const [headers = "", body = ""] = server.mails[0]?.content.split("\r\n\r\n") ?? [];
    expect(headers).toMatch(/^Subject: \[goimg-secrets\] dev: the update did not finish\r$/m);
    expect(headers).toMatch(/^Auto-Submitted: auto-generated/m);
    expect(body).toMatch(/^the update did not finish\r\nwith a reason$/);
  });

  test.each([
    ["STARTTLS", "starttls", false],
    ["TLS from the first byte", "implicit", true],
  ] as const)("goes over %s, to a server that its certificate authority vouches for", async (_, tls, secure) => {
    const certificate = await certificateOf("127.0.0.1");
    const trusted = path.join(directory, "ca.pem");
    await writeFile(trusted, certificate.cert);
    await using server = await serverWith(password, { tls, certificate });
    const stranger = await alertByCommand(at(server.port, { secure }));
    expect([stranger.exitCode, stranger.stderr]).toEqual([0, expect.stringMatching(/did not take it \(E(SOCKET|TLS)/)]);
    expect([server.logins(), server.mails]).toEqual([0, []]);
    const known = await alertByCommand(at(server.port, { secure }), trusted);
    expect([known.exitCode, known.stderr]).toEqual([0, ""]);
    expect(server.mails).toEqual([expect.objectContaining({ secure: true })]);
  });

  test("is not sent in the clear beyond this machine", async () => {
    await using server = await serverWith(password);
    expect(await alert(mailto, at(server.port, { host: "0.0.0.0" }))).toMatch(/did not take it \(ETLS/);
    expect([server.logins(), server.mails]).toEqual([0, []]);
  });

  test("with a wrong password is said, once: the account must not be locked by trying", async () => {
    await using server = await serverWith("another password");
    expect(await alert(mailto, at(server.port))).toBe(
      "the alert could not be sent: the mail server refuses the login (EAUTH 535): rotate SMTP_PASSWORD",
    );
    expect([server.logins(), server.mails]).toEqual([1, []]);
  });

  test("is tried again while the server is busy", async () => {
    await using server = await serverWith(password, { busyFor: 2 });
    expect(await alert(mailto, at(server.port))).toBe("");
    expect(server.mails).toHaveLength(1);
  });

  test("to a server that can't be reached is said, and the webhook is told all the same", async () => {
    await using hook = await fakeServer(() => ({ status: 200 }));
    expect(await alert(`# the channel\n${hook.url}/a-secret-path\n\n${mailto}\n`, at(3))).toBe(
      "the alert could not be sent: the mail server did not take it (ESOCKET)",
    );
    expect(hook.seen).toHaveLength(1);
  });

  test("without a server or a password is refused before anything runs, with every setting that is missing", async () => {
    await writeFile(file, mailto, { mode: 0o600 });
    await writeFile(
      path.join(directory, "Pulumi.dev.yaml"),
      JSON.stringify({ config: { "goimg-secrets:providers": { smtp: { user } } } }),
    );
    const installing = await run(process.execPath, [main, "schedule", "install", "--alert-file", file, "--dry-run"], {
      env: { ...process.env, GOIMG_PROJECT: directory },
    });
    expect(installing.exitCode).toBe(2);
    expect(installing.stderr).toMatch(/smtp\.host[\s\S]*external\.SMTP_PASSWORD\["1"\]/);
  });
});

describe("an alert by webhook", () => {
  test("goes to its address, again while it is busy", async () => {
    let times = 0;
    await using hook = await fakeServer(() => ({ status: (times += 1) < 2 ? 503 : 200 }));
    expect(await alert(`${hook.url}/services/T0/B0\n`, {})).toBe("");
    const bodies = hook.seen.map(({ body }) => JSON.parse(body) as Record<string, string>);
    expect(bodies).toHaveLength(2);
    expect(hook.seen[0]?.path).toBe("/services/T0/B0");
    expect(bodies[0]).toMatchObject({
      stack: "dev",
      text: expect.stringMatching(/^dev on .*: the update did not finish\nwith a reason$/) as string,
    });
  });

  test("that can't be sent is said, and neither fails nor shows the address", async () => {
    await using hook = await fakeServer(() => ({ status: 403 }));
    expect(await alert(`${hook.url}/a-secret-path`, {})).toBe(
      "the alert could not be sent: the webhook does not answer, or refuses",
    );
  });
});

describe("the file of places", () => {
  const read = async (text: string, mode = 0o600): Promise<string> => {
    await writeFile(file, text);
    await chmod(file, mode);
    return readPlaces(file).then(
      (places) => JSON.stringify(places),
      (error: unknown) => (error as Error).message,
    );
  };

  test("is refused with everything that is wrong, and without what it holds", async () => {
    const message = await read("http://hooks.example.com/a-secret-path\nhttps://ok.example.com\nmailto:nobody", 0o644);
    expect(message).toMatch(/chmod 600.*line 1: a line holds an https address.*line 3: /);
    expect(message).not.toMatch(/line 2|a-secret-path/);
    expect(await read("# nothing but this\n")).toMatch(/it is empty/);
    await expect(readPlaces(path.join(directory, "none"))).rejects.toThrow(/ENOENT/);
  });

  test.each(["mailto:", "mailto:a@b,", "mailto:a@b>,c@d", "mailto:a@b%0d%0aBcc:%20c@d", "ftp://example.com", "text"])(
    "has no place for %j",
    async (line) => {
      expect(await read(line)).toMatch(/line 1/);
    },
  );
});
