import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readSettings } from "../../../cli/external/settings.ts";
import { readSupplied } from "../../../cli/external/store.ts";
import { problemsOf, readValues } from "../../../cli/external/values.ts";
import type { SecretName } from "../../../components/catalog/grants.ts";

const token = "invented-token-of-a-third-party";
const from = (text: string): Readable => Readable.from([Buffer.from(text)]);

async function refusal(secret: SecretName, input: Readable & { isTTY?: boolean }): Promise<string> {
  const message = await readValues(secret, input).then(
    () => "",
    (error: unknown) => (error as Error).message,
  );
  expect(message).not.toContain(token);
  return message;
}

describe("a new value on standard input", () => {
  test("is the text, without the newline that a shell adds", async () => {
    for (const end of ["", "\n", "\r\n"]) {
      expect(await readValues("IPFS_PINATA_JWT", from(token + end))).toEqual({ IPFS_PINATA_JWT: token });
    }
    expect(await readValues("IPFS_PINATA_JWT", from(`${token}\n\n`))).toEqual({ IPFS_PINATA_JWT: `${token}\n` });
  });

  test("is a JSON object where the secret has several entries", async () => {
    const values = { IPFS_INFURA_PROJECT_ID: "an-id-of-a-project", IPFS_INFURA_PROJECT_SECRET: token };
    expect(await readValues("IPFS_INFURA", from(JSON.stringify(values)))).toEqual(values);
  });

  test.each([
    ["no JSON", token],
    ["a list", `["${token}"]`],
    ["null", "null"],
  ])("is refused when it is %s", async (_, text) => {
    expect(await refusal("IPFS_INFURA", from(text))).toContain('{"IPFS_INFURA_PROJECT_ID": "…"');
  });

  test("is refused with everything that is wrong with it at once, never shown", async () => {
    const message = await refusal("IPFS_INFURA", from(JSON.stringify({ IPFS_INFURA_PROJECT_ID: 7, [token]: token })));
    expect(message).toContain("IPFS_INFURA_PROJECT_ID: a text is expected");
    expect(message).toContain("IPFS_INFURA_PROJECT_SECRET: it is missing");
    expect(message).toContain("entries of other names");
  });

  test("is not taken from a terminal, which would show it", async () => {
    expect(await refusal("IPFS_PINATA_JWT", Object.assign(from(token), { isTTY: true }))).toContain("read -rs");
  });

  test("has an end", async () => {
    expect(await refusal("IPFS_PINATA_JWT", from(token.repeat(10_000)))).toContain("bytes");
  });
});

describe("a new value is refused, all reasons at once,", () => {
  test.each([
    ["a newline", `${token}\n`],
    ["a placeholder", "changeme-changeme-changeme"],
    ["blank", "   "],
    ["short", "Ab3$x"],
  ])("for %s", (_, value) => {
    const problems = problemsOf("IPFS_PINATA_JWT", { IPFS_PINATA_JWT: value }, {});
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) {
      expect(problem).toMatch(/^IPFS_PINATA_JWT: the value /);
      expect(problem).not.toContain(value.trim() || "\u0000");
    }
  });

  test("in every entry", () => {
    const problems = problemsOf("IPFS_INFURA", { IPFS_INFURA_PROJECT_ID: "x", IPFS_INFURA_PROJECT_SECRET: "" }, {});
    expect(problems.some((line) => line.startsWith("IPFS_INFURA_PROJECT_ID"))).toBe(true);
    expect(problems.some((line) => line.startsWith("IPFS_INFURA_PROJECT_SECRET"))).toBe(true);
  });

  test("and for being the one that is in use", () => {
    const [problem] = problemsOf("IPFS_PINATA_JWT", { IPFS_PINATA_JWT: token }, { IPFS_PINATA_JWT: token });
    expect(problem).toContain("in use now");
    expect(problemsOf("IPFS_PINATA_JWT", { IPFS_PINATA_JWT: token }, { IPFS_PINATA_JWT: `${token}2` })).toEqual([]);
  });

  test("but not when one entry of two stays: a project keeps its id", () => {
    const before = { IPFS_INFURA_PROJECT_ID: "an-id-of-a-project", IPFS_INFURA_PROJECT_SECRET: token };
    expect(problemsOf("IPFS_INFURA", { ...before, IPFS_INFURA_PROJECT_SECRET: `${token}-2` }, before)).toEqual([]);
  });
});

describe("the stack's config", () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "goimg-external-"));
    file = path.join(directory, "Pulumi.dev.yaml");
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  test("says which generations have a value, without being decrypted; half a value is none", async () => {
    await writeFile(
      file,
      `config:
  goimg-secrets:external:
    IPFS_PINATA_JWT: { "1": { secure: x }, "2": { secure: y } }
    IPFS_INFURA_PROJECT_ID: { "1": { secure: x }, "2": { secure: x } }
    IPFS_INFURA_PROJECT_SECRET: { "2": { secure: x } }
`,
    );
    const supplied = await readSupplied(file);
    expect(supplied.get("IPFS_PINATA_JWT")).toEqual([1, 2]);
    expect(supplied.get("IPFS_INFURA")).toEqual([2]);
    expect(supplied.get("SMTP_PASSWORD")).toEqual([]);
    expect(supplied.has("DB_PASSWORD")).toBe(false);
  });

  test("has the providers' public addresses unless it names others", async () => {
    await writeFile(
      file,
      `config:\n  goimg-secrets:providers:\n    smtp: { host: mail.example.com, port: "465", secure: "true" }\n`,
    );
    const settings = await readSettings(file);
    expect(settings.pinata.url).toBe("https://api.pinata.cloud");
    expect(settings.smtp).toEqual({ host: "mail.example.com", port: 465, secure: true });
  });

  test("is refused with every setting that is wrong, and plain http is for this machine alone", async () => {
    await writeFile(
      file,
      `config:
  goimg-secrets:providers:
    pinata: { url: "http://api.pinata.cloud" }
    infura: { url: "http://127.0.0.1:5001/" }
    github: { clientID: x }
    smtp: { port: "0" }
`,
    );
    const message = await readSettings(file).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
    expect(message).toMatch(/providers\.pinata\.url: https is needed/);
    expect(message).toMatch(/providers\.github/);
    expect(message).toMatch(/providers\.smtp\.port/);
    expect(message).not.toMatch(/infura/);
  });
});
