/** The gate on the real stack: it passes with evidence for each control, and names the one that is broken. */
import { appendFile, chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { controls } from "../../cli/gate/controls/index.ts";
import { isIntact, type GateReport } from "../../cli/gate/evidence.ts";
import { readFacts } from "../../cli/gate/readers/index.ts";
import { StackValues } from "../../cli/gate/readers/values.ts";
import { checkControls } from "../../cli/gate/run.ts";
import { engineAt } from "../../cli/stack.ts";
import { runOrFail } from "../../toolchain/process.ts";
import { readPage } from "./browser.ts";
import { fileOf, intruder, storedSecret } from "./intruder.ts";
import { goimg } from "./rotation/command.ts";
import { valueIn } from "./rotation/holders.ts";
import { services, sharedStack } from "./swarm.ts";

const stack = sharedStack();
const { docker } = stack;
const { directory, env } = stack.place;
const auditFile = path.join(directory, "audit", `${stack.stack}.jsonl`);
let folder: string;

async function git(...args: readonly string[]): Promise<string> {
  const author = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
  return runOrFail("git", ["-C", directory, ...author, ...args]);
}

const contextOf = () => ({
  ...engineAt(env["DOCKER_HOST"]),
  ...{ stack: stack.stack, cwd: directory, env, configFile: stack.configFile, auditFile },
});

/** Verdicts of some controls, by id, in this process: one control costs what its facts cost. */
async function verdicts(...ids: readonly string[]): Promise<Record<string, string>> {
  const wanted = controls.filter(({ id }) => ids.includes(id));
  const outcomes = await checkControls(readFacts(contextOf()), wanted);
  return Object.fromEntries(outcomes.map(({ id, verdict, problems }) => [id, [verdict, ...problems].join("\n")]));
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "goimg-gate-"));
  await writeFile(path.join(directory, ".gitignore"), "passphrase\nstate/\naudit/\n");
  await git("init", "--quiet");
  await git("add", "--all");
  await git("commit", "--quiet", "--message", "The stack's config");
  const recorded = await goimg(stack, ["audit", "--record"]);
  expect(recorded.exitCode, recorded.stderr).toBe(0);
  const recipient = await identityToRecipient(await generateX25519Identity());
  const backup = await goimg(stack, ["backup", "--to", path.join(folder, "backups"), "--recipient", recipient]);
  expect(backup.exitCode, backup.stderr).toBe(0);
});

afterAll(async () => {
  await rm(path.join(directory, ".git"), { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
});

it("passes on the dev stack, with evidence for each control, whose hash is in the audit log", async () => {
  const out = path.join(folder, "evidence");
  const { exitCode, stdout, stderr } = await goimg(stack, ["gate", "--out", out, "--json"]);
  const report = JSON.parse(stdout) as GateReport;
  expect(
    report.controls.filter(({ verdict }) => verdict !== "pass").map(({ id, problems }) => ({ id, problems })),
    stderr,
  ).toEqual([]);
  expect({ exitCode, verdict: report.verdict }).toEqual({ exitCode: 0, verdict: "pass" });
  expect(report.controls.map(({ id }) => id)).toEqual(controls.map(({ id }) => id));
  expect(isIntact(report)).toBe(true);
  const [json = "", page = ""] = (await readdir(out)).sort();
  expect(JSON.parse(await readFile(path.join(out, json), "utf8"))).toEqual(report);
  expect(await readFile(path.join(out, page), "utf8")).toContain(report.sha256);
  const { stdout: log } = await goimg(stack, ["audit"]);
  expect(log).toContain(`pass sha256:${report.sha256}`);
  process.stdout.write(
    `the gate took ${report.seconds} s: ${report.controls.map(({ id, seconds }) => `${id} ${seconds}`).join(", ")}\n`,
  );
});

describe("the report page", () => {
  let page: string;

  beforeAll(async () => {
    page = path.join(folder, "report.html");
    const [evidence = ""] = (await readdir(path.join(folder, "evidence"))).filter((name) => name.endsWith(".json"));
    const args = ["report", "--out", page, "--evidence", path.join(folder, "evidence", evidence)];
    const made = await goimg(stack, args);
    expect(made.exitCode, made.stderr).toBe(0);
  });

  it.each([
    { theme: "light", width: 1200 },
    { theme: "dark", width: 1200 },
    { theme: "light", width: 400 },
  ] as const)(
    "in a browser, $theme and $width wide: loads nothing, and breaks no rule of accessibility",
    async (how) => {
      const pictures = process.env["GOIMG_PICTURES"];
      const picture =
        pictures === undefined ? {} : { picture: path.join(pictures, `report-${how.theme}-${how.width}.png`) };
      const { text, background, ...found } = await readPage(page, { ...how, ...picture });
      expect(found).toEqual({
        title: `Secrets of ${stack.stack}, ${new Date().toISOString().slice(0, 10)}`,
        requests: [],
        complaints: [],
        violations: [],
        overflow: 0,
      });
      expect(background).toBe(how.theme === "dark" ? "rgb(15, 19, 25)" : "rgb(246, 247, 249)");
      for (const shown of ["17 of 17", "DB_PASSWORD", "g1 active", "chain intact", "encrypted-state"])
        expect(text).toContain(shown);
      // Three months are 89 to 92 days.
      expect(text).toMatch(/in (89|9\d) days?/);
      for (const { title } of controls) expect(text).toContain(title);
    },
  );

  it("holds no value of the stack, where one that is planted is found", async () => {
    const values = await StackValues.read(contextOf());
    const content = await readFile(page);
    const clean = await values.search([{ name: "the page", pieces: [content] }]);
    expect(clean.hits).toEqual([]);
    expect(clean.values.length).toBeGreaterThanOrEqual(7);
    const value = await valueIn(stack, "worker", "SMTP_PASSWORD");
    for (const form of [value, Buffer.from(value).toString("base64"), encodeURIComponent(value)]) {
      const planted = Buffer.concat([content, Buffer.from(`<p title="${form}">`)]);
      expect((await values.search([{ name: "the page", pieces: [planted] }])).hits.length).toBeGreaterThan(0);
    }
  });
});

describe("the gate fails, naming the control, when the stack has", () => {
  it("a plaintext variable, and a value that docker inspect shows", async () => {
    const value = await valueIn(stack, "worker", "DB_PASSWORD");
    const remove = await intruder(stack, "gateway", { Env: [`DB_PASSWORD=${Buffer.from(value).toString("base64")}`] });
    try {
      const found = await verdicts("secrets-manager", "not-in-inspect", "access-monitored");
      expect(found["secrets-manager"]).toMatch(/^fail\ngateway has a secret in its variable DB_PASSWORD/);
      expect(found["not-in-inspect"]).toMatch(/^fail\nDB_PASSWORD-g1 \(base64\+0\) in services/);
      expect(found["access-monitored"]).toMatch(/^fail\nservice gateway was made, which the audit log has not seen/);
      expect(JSON.stringify(found)).not.toContain(value.slice(0, 12));
    } finally {
      await remove();
    }
  });

  it("a secret that others may read, that was not granted, in a service that starts without it", async () => {
    const mounted = [{ ...(await storedSecret(docker, "JWT_PRIVATE_KEY")), File: fileOf("JWT_PRIVATE_KEY", 0o444) }];
    const remove = await intruder(stack, "worker", {
      Secrets: mounted,
      Env: ["SECRET_PROVIDER=docker"],
      User: "10001",
    });
    try {
      const found = await verdicts("file-permissions", "least-privilege", "fail-fast", "provider-abstraction");
      expect(found["file-permissions"]).toMatch(/^fail\nworker mounts JWT_PRIVATE_KEY with 0444/);
      expect(found["least-privilege"]).toMatch(
        /^fail\nworker mounts JWT_PRIVATE_KEY, which the catalog does not grant/,
      );
      expect(found["fail-fast"]).toMatch(/^fail\nworker ends with 0 without its secrets/);
      expect(found["provider-abstraction"]).toMatch(/worker takes a provider that does not exist/);
    } finally {
      await remove();
    }
  });

  it("another stack's secret", async () => {
    const Labels = { "goimg.stack": "other", "goimg.entry": "SMTP_PASSWORD", "goimg.generation": "7" };
    const Data = Buffer.from("another").toString("base64");
    const made = (await docker.createSecret({ Name: "other-secret", Labels, Data })) as unknown;
    const { id, ID = id } = made as { readonly id: string; readonly ID?: string };
    const remove = await intruder(stack, "worker", {
      Secrets: [{ SecretID: ID, SecretName: "other-secret", File: fileOf("SMTP_PASSWORD") }],
    });
    try {
      expect((await verdicts("separate-environments"))["separate-environments"]).toMatch(
        /^fail\nworker mounts SMTP_PASSWORD of the stack other/,
      );
    } finally {
      await remove();
      await docker.getSecret(ID).remove();
    }
  });

  it("an update order that stops the old task first, and a login that nobody declared", async () => {
    const id = (await services(docker, stack.stack)).get("api")?.ID ?? "";
    const inspected = (await docker.getService(id).inspect()) as {
      readonly Version: { readonly Index: number };
      readonly Spec: { readonly UpdateConfig: object };
    };
    const stopFirst = { ...inspected.Spec, UpdateConfig: { ...inspected.Spec.UpdateConfig, Order: "stop-first" } };
    await docker.getService(id).update({ version: inspected.Version.Index, ...stopFirst });
    const psql = (sql: string): Promise<string> =>
      runOrFail("docker", ["exec", postgres, "psql", "-h", "/run/postgresql", "-U", "postgres", "-c", sql], {
        env: { ...process.env, ...env },
      });
    const [postgres = ""] = (
      await docker.listContainers({
        filters: { label: [`com.docker.swarm.service.name=goimg-${stack.stack}-postgres`] },
      })
    ).map(({ Id }) => Id);
    await psql("CREATE ROLE eve LOGIN PASSWORD 'a password of her own'");
    try {
      const found = (await verdicts("zero-downtime-rotation"))["zero-downtime-rotation"];
      expect(found).toMatch(/^fail\napi stops its old task before the new one is healthy/);
      expect(found).toMatch(/postgres accepts the login role eve, which is none of the stack's/);
    } finally {
      await psql("DROP ROLE eve");
      const { Version } = (await docker.getService(id).inspect()) as { readonly Version: { readonly Index: number } };
      await docker.getService(id).update({ version: Version.Index, ...inspected.Spec });
    }
  });

  it("a value in a file of the project, and in git's history", async () => {
    const value = await valueIn(stack, "worker", "S3_SECRET_KEY");
    const planted = path.join(directory, ".env");
    await writeFile(planted, `S3_SECRET_KEY=${value}\n`);
    try {
      const found = await verdicts("no-hardcoded-secrets", "never-committed");
      expect(found["no-hardcoded-secrets"]).toMatch(/^fail\n.*\.env:1 has S3_SECRET_KEY in the clear/);
      expect(found["no-hardcoded-secrets"]).toMatch(/S3_SECRET_KEY-g1 \(raw\) in .*\.env/);
      expect(found["never-committed"]).toBe("pass");
      await git("add", ".env");
      await git("commit", "--quiet", "--message", "A mistake");
      await rm(planted);
      await git("commit", "--quiet", "--all", "--message", "Its removal");
      expect(await verdicts("no-hardcoded-secrets", "never-committed")).toEqual({
        "no-hardcoded-secrets": "pass",
        "never-committed": expect.stringMatching(/^fail\ngit has S3_SECRET_KEY-g1 \(\.env in [0-9a-f]{12}\)/) as string,
      });
    } finally {
      await rm(planted, { force: true });
    }
  });

  it("a value on disk, and a folder that others may read", async () => {
    const value = await valueIn(stack, "worker", "DB_PASSWORD");
    const planted = path.join(stack.state, ".pulumi", "planted");
    await writeFile(planted, value);
    await chmod(stack.state, 0o755);
    try {
      const found = await verdicts("encrypted-at-rest", "file-permissions");
      expect(found["encrypted-at-rest"]).toMatch(/^fail\nDB_PASSWORD-g1 \(raw\) in .*planted: it is on disk/);
      expect(found["file-permissions"]).toMatch(/^fail\n.*state has 0755/);
    } finally {
      await rm(planted);
      await chmod(stack.state, 0o700);
    }
  });

  it("an audit log that was edited, and a backup that was changed", async () => {
    const kept = await readFile(auditFile, "utf8");
    const [name = ""] = await readdir(path.join(folder, "backups"));
    await appendFile(path.join(folder, "backups", name), "x");
    try {
      expect((await verdicts("backups"))["backups"]).toMatch(/^fail\n.* is not what was written there/);
      await writeFile(auditFile, kept.replace('"outcome":"observed"', '"outcome":"done"'));
      const found = await verdicts("access-monitored", "backups");
      expect(found["access-monitored"]).toMatch(/^fail\nthe audit log was changed: line 1/);
      expect(found["backups"]).toMatch(/^not checked\nthe audit log/);
    } finally {
      await writeFile(auditFile, kept);
    }
  });

  it("a third party's value in the clear in its config", async () => {
    const kept = await readFile(stack.configFile, "utf8");
    await stack.configure({ external: { SMTP_PASSWORD: { "1": "k3J9xQ2mPz81Lw0vRt5YbN7c" } } });
    try {
      expect((await verdicts("build-validation"))["build-validation"]).toMatch(/^fail\n[^]*is not encrypted/);
    } finally {
      await writeFile(stack.configFile, kept);
    }
  });
});
