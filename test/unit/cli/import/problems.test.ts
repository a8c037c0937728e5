import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { planImport, type ImportPlan } from "../../../../cli/import/run.ts";
import { importText } from "../../../../cli/import/report.ts";

describe("what can't be read", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "goimg-import-"));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function files(texts: Readonly<Record<string, string>>, ...names: readonly string[]): Promise<ImportPlan> {
    for (const [name, text] of Object.entries(texts)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
    const chosen = names.length > 0 ? names : ["compose.yaml"];
    return planImport({ files: chosen, envFiles: [], outside: {}, from: folder, source: "environment" });
  }

  const said = ({ project }: ImportPlan): readonly string[] =>
    project.problems.map(({ file, line, reason }) => `${file}:${line}: ${reason}`);

  test("is named with its line, all of it at once, and the rest is read", async () => {
    const plan = await files(
      {
        "compose.yaml": `services:
  app:
    image: acme/app
    env_file: [missing.env, broken.env]
    environment:
      API_TOKEN: tok-91x7-Qz3
      OTHER: "\${"
  ring:
    extends: ring
  orphan:
    extends: { file: nowhere.yaml, service: x }
  lost:
    extends: { file: base.yaml, service: nobody }
`,
        "base.yaml": "services:\n  somebody: { image: x }\n",
        "broken.env": "FINE=1\nNOT FINE\nMY_SECRET=s3cret-9911\n",
      },
      "compose.yaml",
      "second.yaml",
    );
    expect(said(plan)).toEqual([
      "compose.yaml:7: a ${ that is no variable: write $${ for a dollar sign",
      "compose.yaml:9: extends ring, which extends it",
      "compose.yaml:11: nowhere.yaml does not exist",
      "compose.yaml:13: extends nobody, which base.yaml does not have",
      "second.yaml:0: does not exist",
      "compose.yaml:4: missing.env does not exist",
      "broken.env:2: a variable's name with a blank in it, or a line that is no assignment",
    ]);
    expect(plan.secrets.map(({ name }) => name)).toEqual(["APP_API_TOKEN", "MY_SECRET"]);
  });

  test("is a YAML error by its line, without a word of the file", async () => {
    const plan = await files({
      "compose.yaml": 'services:\n  a:\n    environment:\n      PASSWORD: "hunter22-never-closed\n',
    });
    expect(said(plan)).toHaveLength(1);
    expect(said(plan)[0]).toMatch(/^compose\.yaml:\d+: not valid YAML: /);
    expect(JSON.stringify(plan.project.problems)).not.toContain("hunter22");
  });

  test("is a file that is no compose file, no text, or makes too much of its aliases", async () => {
    const aliases = Array.from(
      { length: 12 },
      (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`).join(", ")}]`,
    );
    const plan = await files(
      { "list.yaml": "- a\n- b\n", "bomb.yaml": ["a0: &a0 [x]", ...aliases].join("\n"), "bytes.yaml": "a\0b" },
      "list.yaml",
      "bomb.yaml",
      "bytes.yaml",
    );
    expect(said(plan)).toEqual([
      "list.yaml:1: is no compose file: it holds no mapping",
      "bomb.yaml:0: its aliases stand for too many nodes",
      "bytes.yaml:0: is not text",
    ]);
  });

  test("is not a variable that nothing sets: its secret is proposed without a value", async () => {
    const plan = await files({
      "compose.yaml": `services:
  db:
    image: postgres:16
    environment:
      POSTGRES_PASSWORD: \${DB_PASSWORD:?set it}
  app:
    image: acme/app
    environment:
      - DB_PASSWORD=\${DB_PASSWORD}
      - STRIPE_SECRET_KEY
      - SMTP_PASSWORD=<your password here>
      - MODE=\${MODE}
`,
    });
    expect(said(plan)).toEqual([]);
    expect(
      plan.secrets.map(({ name, strategy, entries }) => [name, strategy, entries[0]?.consumers, entries[0]?.value]),
    ).toEqual([
      ["DB_PASSWORD", "alternating-users", ["db", "app"], undefined],
      ["STRIPE_SECRET_KEY", "external", ["app"], undefined],
      ["SMTP_PASSWORD", "external", ["app"], undefined],
    ]);
    expect(
      plan.project.unset.filter(({ required }) => required).map(({ variable, at }) => [variable, at.line]),
    ).toEqual([["DB_PASSWORD", 5]]);
    expect(await importText(plan)).toContain("DB_PASSWORD, without which compose refuses to run");
  });

  test("is not a secret of a .env file that no service reads: it is adopted, and said to reach no one", async () => {
    const plan = await files({
      ".env": "USED=1\nOLD_API_TOKEN=tok-5512-Zw8q\n",
      "compose.yaml": "services:\n  a: { image: x }\n",
    });
    expect(plan.secrets.map(({ name, notes, entries }) => [name, notes, entries[0]?.value?.reveal()])).toEqual([
      [
        "OLD_API_TOKEN",
        ["is shorter than 16 characters: rotate it soon", "reaches no service of these files: grant it, or delete it"],
        "tok-5512-Zw8q",
      ],
    ]);
  });

  test("two accounts that share a value are two secrets; one account in three services is one", async () => {
    const plan = await files({
      "compose.yaml": `services:
  db:
    image: mysql:8
    environment: { MYSQL_ROOT_PASSWORD: same-Value-77, MYSQL_PASSWORD: same-Value-77, MYSQL_USER: app }
  cache:
    image: redis:7
    command: redis-server --requirepass same-Value-77
  app:
    image: acme/app
    environment: { DB_HOST: db, DB_PASSWORD: same-Value-77, REDIS_URL: "redis://:same-Value-77@cache:6379" }
`,
    });
    expect(plan.secrets.map(({ name, strategy, entries }) => [name, strategy, entries[0]?.consumers])).toEqual([
      ["MYSQL_ROOT_PASSWORD", "redeploy", ["db"]],
      ["MYSQL_PASSWORD", "redeploy", ["db", "app"]],
      ["CACHE_REDIS_PASSWORD", "dual-password", ["cache", "app"]],
    ]);
  });
});
