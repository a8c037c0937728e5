import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { scanCommand } from "../../../cli/scan.ts";
import type { ScanError, ScanFinding } from "../../../cli/scan/files.ts";
import { scanText } from "../../../cli/scan/files.ts";

const found = (file: string, content: string): [number, string | null, string, string][] => {
  const { findings, errors } = scanText(file, content);
  if (errors[0] !== undefined) throw new Error(errors[0].reason);
  return findings.map(({ line, service, name, rule }: ScanFinding) => [line, service, name, rule]);
};
const failed = (file: string, content: string): ScanError => {
  const { errors } = scanText(file, content);
  if (errors[0] === undefined) throw new Error("was scanned");
  return errors[0];
};

describe("compose files", () => {
  test("maps, lists, build arguments, labels, commands and health checks", () => {
    const compose = `services:
  api:
    build: { args: { NPM_TOKEN: abc123def } }
    environment:
      DB_PASSWORD: hunter2
      DB_PASSWORD_FILE: /run/secrets/db
    labels:
      - "auth.password=hunter2"
  db:
    environment:
      - POSTGRES_PASSWORD=postgres
      - POSTGRES_USER=postgres
    command: ["redis-server", "--requirepass", "abc12345"]
    healthcheck:
      test: ["CMD", "mysqladmin", "ping", "-psecret1"]
    secrets: [db_password]
`;
    expect(found("compose.yml", compose)).toEqual([
      [3, "api", "NPM_TOKEN", "named-secret"],
      [5, "api", "DB_PASSWORD", "weak-default"],
      [8, "api", "auth.password", "weak-default"],
      [11, "db", "POSTGRES_PASSWORD", "weak-default"],
      [13, "db", "command", "command-argument"],
      [15, "db", "test", "command-argument"],
    ]);
  });

  test("anchors and merge keys, once and under the service that uses them", () => {
    const compose = `x-env: &env
  API_KEY: abcdef123
services:
  api:
    environment:
      <<: *env
  worker:
    extends: { file: base.yml, service: base }
    environment: *env
`;
    expect(found("stack.yaml", compose)).toEqual([[2, "api", "API_KEY", "named-secret"]]);
  });

  test("inline content of secrets and configs", () => {
    const compose = `secrets:
  inline: { content: "anything" }
  file: { file: ./x.txt }
  outside: { external: true, name: db_password }
configs:
  redis:
    content: |
      bind 0.0.0.0
      requirepass abc12345
`;
    expect(found("compose.yaml", compose)).toEqual([
      [2, null, "inline", "inline-secret"],
      [7, null, "redis", "embedded-secret"],
    ]);
  });
});

test("ECS task definitions: environment, commands and log options; secrets by reference pass", () => {
  const task = `{"family": "goimg", "containerDefinitions": [{"name": "api", "image": "x",
  "environment": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "PORT", "value": "80"}],
  "secrets": [{"name": "JWT_SECRET", "valueFrom": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x"}],
  "command": ["app", "--api-key", "abcdef123"],
  "logConfiguration": {"options": {"splunk-token": "abcdef-123456"}}}]}`;
  expect(found("task.json", task)).toEqual([
    [2, "api", "DB_PASSWORD", "weak-default"],
    [4, "api", "command", "command-argument"],
    [5, "api", "splunk-token", "named-secret"],
  ]);
});

test("Kubernetes manifests: containers, Secrets in plaintext, ConfigMaps; references and other stores' kinds pass", () => {
  const manifests = `apiVersion: apps/v1
kind: Deployment
metadata: { name: api }
spec:
  template:
    spec:
      imagePullSecrets: [{ name: regcred }]
      containers:
        - name: app
          image: x
          args: ["--db-password", "hunter2"]
          env:
            - { name: DB_PASSWORD, valueFrom: { secretKeyRef: { name: db, key: password } } }
            - { name: JWT_SECRET, value: abcdef }
---
apiVersion: v1
kind: Secret
metadata: { name: db }
data: { password: cGFzc3dvcmQxMjM= }
stringData:
  template: \${DB_PASSWORD}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: config }
data:
  LOG_LEVEL: info
  app.properties: |
    db.password=abc1234
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
spec: { data: [{ secretKey: DB_PASSWORD, remoteRef: { key: prod/db } }] }
`;
  expect(found("k8s.yaml", manifests)).toEqual([
    [11, "app", "args", "command-argument"],
    [14, "app", "JWT_SECRET", "named-secret"],
    [19, "db", "password", "kubernetes-secret"],
    [29, "config", "app.properties", "embedded-secret"],
  ]);
});

test(".env files: export, quotes over lines, comments, names passed through", () => {
  const env = `export A=1
# DB_PASSWORD=commented
DB_PASSWORD="two
lines"
API_KEY='abc#123' # why
PASSED_THROUGH
REDIS_PASSWORD=
TOKEN=\${TOKEN}
`;
  expect(found(".env", env)).toEqual([
    [3, null, "DB_PASSWORD", "named-secret"],
    [5, null, "API_KEY", "named-secret"],
  ]);
});

test("a Secret in a list of manifests counts like one of its own", () => {
  const list = `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Secret
    metadata: { name: inner }
    data:
      blob: aGVsbG8gdGhlcmU=
  - { apiVersion: v1, kind: ConfigMap, metadata: { name: plain }, data: { blob: hello there } }
`;
  expect(found("list.yaml", list)).toEqual([[8, "inner", "blob", "kubernetes-secret"]]);
});

test("a finding in a text of several lines names the line that holds it", () => {
  const config = `configs:
  app:
    content: |
      [db]
      host = db
      password = Zk29fjQ8sLw0
`;
  expect(found("compose.yml", config)).toEqual([[6, null, "app", "embedded-secret"]]);
});

test("a syntax error in one document hides no finding in another", () => {
  const { findings, errors } = scanText("two.yaml", "DB_PASSWORD: Tr0ub4dor\n---\na: [1\nb: 2\n");
  expect(findings).toMatchObject([{ line: 1, name: "DB_PASSWORD" }]);
  expect(errors).toMatchObject([{ file: "two.yaml", line: 4 }]);
});

test("Dockerfiles: ENV, ARG and commands, by stage", () => {
  const dockerfile = `FROM node AS build
ENV DB_PASSWORD=hunter2 PORT=80
ARG NPM_TOKEN
RUN mysql -uroot -pabc123 \\
  -e "SELECT 1"
CMD ["app", "--token", "zzz999"]
`;
  expect(found("Dockerfile", dockerfile)).toEqual([
    [2, "build", "DB_PASSWORD", "weak-default"],
    [4, "build", "RUN", "command-argument"],
    [6, "build", "CMD", "command-argument"],
  ]);
});

test("a file that can't be parsed is named with its line and a reason that quotes nothing", () => {
  expect(failed("bad.yml", 'a: [1\nb: "hunter2')).toMatchObject({ file: "bad.yml", line: 2 });
  expect(failed(".env", 'A=1\nB="hunter2')).toEqual({ file: ".env", line: 2, reason: "a quote that is not closed" });
  expect(JSON.stringify(failed("bad.yml", "a: &x [hunter2\n b: }"))).not.toContain("hunter2");
});

describe("the command", () => {
  const directory = mkdtempSync(join(tmpdir(), "goimg-scan-"));
  const exitCode = process.exitCode;
  afterEach(() => {
    process.exitCode = exitCode;
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  const run = async (words: string[], input = ""): Promise<{ output: string; errors: string; code: unknown }> => {
    const output = new PassThrough();
    const errors = new PassThrough();
    await scanCommand({ input: Readable.from([input]), output, errors }).parseAsync(words, { from: "user" });
    output.end();
    errors.end();
    return { output: await text(output), errors: await text(errors), code: process.exitCode };
  };
  const file = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };

  test("exits 0 without findings, 1 with any and never prints a value", async () => {
    expect(await run([file("clean.env", "PORT=80\n")])).toMatchObject({ code: 0 });
    const { output, code } = await run([file("dirty.env", "PORT=80\nDB_PASSWORD=Tr0ub4dor\n")]);
    expect(code).toBe(1);
    expect(output).toContain("DB_PASSWORD");
    expect(output).not.toContain("Tr0ub4dor");
  });

  test("--json prints an array of file, line, service, name and rule", async () => {
    const path = file("json.env", "DB_PASSWORD=Tr0ub4dor\n");
    const { output } = await run(["--json", path]);
    expect(JSON.parse(output)).toEqual([
      { file: path, line: 1, service: null, name: "DB_PASSWORD", rule: "named-secret" },
    ]);
  });

  test("names what it can't read, scans the rest, and exits 2 without findings, 1 with any", async () => {
    const missing = join(directory, "missing.yml");
    expect(await run(["--json", missing])).toMatchObject({ code: 2, output: "[]\n" });
    const { output, errors, code } = await run([
      "--json",
      missing,
      file("bad.yml", "a: ["),
      file("good.env", "no assignment\nDB_PASSWORD=Tr0ub4dor\n"),
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(output)).toHaveLength(1);
    expect(errors).toMatch(/good\.env:1: not an assignment/);
    expect(errors).toContain("missing.yml: can't be read (ENOENT)");
    expect(errors).toMatch(/bad\.yml:1: not valid YAML or JSON/);
  });

  test("--jsonl answers each line in order and exits 2 after a malformed one", async () => {
    const lines = [
      '{"name":"DB_PASSWORD","value":"Tr0ub4dor"}',
      "not json",
      '{"name":"PORT","value":"80"}',
      '{"name":1}',
    ];
    const { output, code } = await run(["--jsonl"], `${lines.join("\n")}\n`);
    expect(
      output
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { secret: true, rule: "named-secret" },
      { error: "not JSON" },
      { secret: false, rule: null },
      { error: "name is not a string" },
    ]);
    expect(code).toBe(2);
    expect(await run(["--jsonl"], lines[0])).toMatchObject({ code: 0 });
  });
});
