/** The development store's file, as both languages read it: exactly as it was written, and not at all when others could. */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatEnvFile, parseEnvFile, variableOf } from "../../../runtime/envFile.ts";
import { inspectSecrets } from "../../../runtime/index.ts";
import { makeKeys, manifestIn, valuesFor } from "./fixture.ts";

const bits = 2048;
let work = "";
let file = "";
let text = "";

beforeAll(async () => {
  work = mkdtempSync(path.join(tmpdir(), "goimg-env-file-"));
  file = path.join(work, "dev.env");
  const source = path.resolve(import.meta.dirname, "../../../runtime/go");
  const args = ["build", "-buildvcs=false", "-o", path.join(work, "check"), "./cmd/goimgsecrets-check"];
  const [keys] = await Promise.all([makeKeys(bits), promisify(execFile)("go", args, { cwd: source })]);
  const manifest = manifestIn("/", bits);
  writeFileSync(path.join(work, "manifest.json"), JSON.stringify(manifest));
  const values = valuesFor(keys);
  const files = manifest.secrets.flatMap(({ entries }) =>
    entries.flatMap(({ name, files: named }) =>
      Object.entries(named).map(([g, key]) => [variableOf(name, Number(g)), values[key] ?? ""] as const),
    ),
  );
  text = formatEnvFile(new Map(files));
}, 300_000);

afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

/** Reasons that each language gives, without doubles, after it was seen that they are the same. */
async function reasons(more: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const env = {
    SECRETS_MANIFEST_FILE: path.join(work, "manifest.json"),
    SECRET_PROVIDER: "env",
    SECRETS_ENV_FILE: file,
    ...more,
  };
  const { findings } = await inspectSecrets({ env, service: "api" });
  const said = await new Promise<string>((done) => {
    execFile(path.join(work, "check"), ["api"], { env }, (_error, _stdout, stderr) => {
      done(stderr);
    });
  });
  const lines = said.split("\n").filter((line) => line !== "");
  expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(
    findings.map(({ message }) => message),
  );
  return [...new Set(findings.map(({ reason }) => reason))];
}

function write(contents: string, mode = 0o600, at = file): void {
  rmSync(at, { force: true });
  writeFileSync(at, contents, { mode });
  chmodSync(at, mode);
}

describe("the env store's file", () => {
  it("is read in development", async () => {
    write(text);
    expect(await reasons()).toEqual([]);
  });

  it("is refused in production, whatever says that it is", async () => {
    write(text);
    expect(await reasons({ GOIMG_ENV: "production" })).toEqual(["provider-not-allowed"]);
  });

  it.each([0o640, 0o604, 0o700, 0o400])("is refused with mode %o", async (mode) => {
    write(text, mode);
    expect(await reasons()).toEqual(["mode-too-open"]);
  });

  it("is refused in a git repository", async () => {
    const inside = path.join(work, "repository");
    mkdirSync(path.join(inside, ".git"), { recursive: true });
    mkdirSync(path.join(inside, "below"));
    write(text, 0o600, path.join(inside, "below", "dev.env"));
    expect(await reasons({ SECRETS_ENV_FILE: path.join(inside, "below", "dev.env") })).toEqual(["mode-too-open"]);
  });

  it("is refused where it is missing, a link, relative, or not of the format; a line's text is not quoted", async () => {
    rmSync(file, { force: true });
    expect(await reasons()).toEqual(["missing"]);
    expect(await reasons({ SECRETS_ENV_FILE: "dev.env" })).toEqual(["missing"]);
    write(`${text}DB_PASSWORD__9=unquoted-Qx7v\n`);
    expect(await reasons()).toEqual(["unreadable"]);
    expect(() => parseEnvFile("A__1=unquoted-Qx7v")).toThrow(/^(?!.*Qx7v)/);
  });

  it("says which generation is not in it", async () => {
    write(text.replace(/^DB_PASSWORD__3=.*\n/m, ""));
    expect(await reasons()).toEqual(["missing"]);
  });

  it("keeps any text exactly", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        expect(parseEnvFile(formatEnvFile(new Map([["A__1", value]]))).get("A__1")).toBe(value);
      }),
    );
  });
});
