import { describe, expect, test } from "vitest";
import { detect, detectTree } from "../../../policies/detect/index.ts";

const rule = (name: string, value: string): string | undefined => detect(name, value)?.rule;
const random = "q7Zt4Vx1Lr9Ka3Wd8Mn2Pb6Y";

describe("the name decides", () => {
  test.each([
    "DB_PASSWORD",
    "dbPassword",
    "spring.mail.password",
    "PGPASSWORD",
    "MYAPP_DBPASSWORD",
    "api-key",
    "S3_ACCESS_KEY",
    "JWT_SECRET",
    "VAULT_SECRET_ID",
  ])("%s is the name of a secret", (name) => {
    expect(rule(name, random)).toBe("named-secret");
  });

  test.each([
    "PASSWORD_MIN_LENGTH",
    "TOKEN_TTL",
    "SECRET_PROVIDER",
    "KEYCLOAK_REALM",
    "MONKEY",
    "TOKENIZER",
    "AWS_SECRET_NAME",
    "API_KEY_HEADER",
    "JWT_PUBLIC_KEY",
  ])("%s is not", (name) => {
    expect(rule(name, "plain-text")).toBeUndefined();
  });

  test("weak defaults are named as such, also for a default of an interpolation", () => {
    expect(rule("POSTGRES_PASSWORD", "postgres")).toBe("weak-default");
    expect(rule("POSTGRES_PASSWORD", "${POSTGRES_PASSWORD:-postgres}")).toBe("weak-default");
    expect(rule("URL", "redis://:${REDIS_PASSWORD:-foobared}@redis")).toBe("weak-default");
  });
});

describe("the value decides, whatever the name", () => {
  test.each([
    ["private-key", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIA\n-----END EC PRIVATE KEY-----"],
    ["url-credentials", "postgres://app:hunter2@db/app"],
    ["url-credentials", "https://example.com/?api_key=0123456789abcdef"],
    ["webhook-url", `https://hooks.slack.com/services/T0123ABCD/B0123ABCD/${random}`],
    ["connection-string", "app:hunter2@tcp(db:3306)/app"],
    ["embedded-secret", "Server=db;Password=hunter2;"],
    ["authorization-header", `Authorization: Bearer ${random}`],
    ["command-argument", "redis-server --requirepass hunter2"],
    ["sql-password", "ALTER USER app PASSWORD 'hunter2'"],
    ["password-hash", "admin:$2y$10$abcdefghijklmnopqrstuuvwxyz0123456789ABCDEFGHIJKLMNOPQ"],
    ["weak-default", '{"db":{"password":"hunter2"}}'],
    ["encoded-secret", Buffer.from("redis://:hunter2@cache").toString("base64")],
  ])("%s", (expected, value) => {
    expect(rule("SETTING", value)).toBe(expected);
  });

  test.each([
    ["a reference", "${DB_PASSWORD}"],
    ["a required reference", "${DB_PASSWORD:?is required}"],
    ["a path", "/run/secrets/db"],
    ["an ARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"],
    ["a store's scheme", "op://infra/db/password"],
    ["a certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"],
    ["a mask", "********"],
    ["a boolean", "true"],
    ["a permission (GitHub's id-token)", "write"],
  ])("%s passes even under the name of a secret", (_, value) => {
    expect(rule("DB_PASSWORD", value)).toBeUndefined();
  });
});

describe("a tree", () => {
  test("answers the path of each finding", () => {
    const tree = {
      taskSpec: {
        containerSpec: {
          env: { DB_PASSWORD: "hunter2", PORT: "80" },
          args: ["--token", random],
          labels: [{ label: "a", value: "b" }],
        },
      },
      environment: [
        { name: "JWT_SECRET", value: "hunter2" },
        { name: "DB", valueFrom: "arn:aws:ssm:::parameter/x" },
      ],
      envs: ["API_KEY=abcdef", "PORT=80"],
    };
    expect(
      detectTree(tree)
        .map(({ path }) => path)
        .sort(),
    ).toEqual([
      "environment[0].JWT_SECRET",
      "envs.API_KEY",
      "taskSpec.containerSpec.args",
      "taskSpec.containerSpec.env.DB_PASSWORD",
    ]);
  });

  test("does not put a value in a path, even where it stands as a name", () => {
    expect(detectTree([{ name: "x9F3kQ-password", value: "hunter2" }]).map(({ path }) => path)).toEqual(["[0].value"]);
  });

  test("finds the private part of a JSON Web Key and passes a public one", () => {
    const key = { kty: "EC", crv: "P-256", x: random.repeat(2), y: random.repeat(2) };
    expect(detectTree({ jwk: { ...key, d: random.repeat(2) } }).map(({ finding }) => finding.rule)).toContain(
      "private-jwk",
    );
    expect(detectTree({ jwk: key })).toEqual([]);
  });
});
