/** Tries a credential on a real server. */
import { HeadBucketCommand, S3Client } from "@aws-sdk/client-s3";
import pg from "pg";
import { createClient } from "redis";
import * as z from "zod";

export const questionSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("postgres"),
    host: z.string(),
    user: z.string(),
    password: z.string(),
    statements: z.array(z.string()).default([]),
  }),
  z.object({ kind: z.literal("redis"), host: z.string(), user: z.string(), password: z.string() }),
  z.object({
    kind: z.literal("s3"),
    host: z.string(),
    bucket: z.string().default("goimg"),
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
  }),
  z.object({ kind: z.literal("grafana"), host: z.string(), password: z.string() }),
]);

/** What is tried. `statements` run one after another in one session; the answer has the first column of the last. */
export type Question = z.input<typeof questionSchema>;

/** What the server said: its own code, such as `28P01`, `WRONGPASS`, `403`. */
export interface Answer {
  readonly accepted: boolean;
  readonly code?: string;
  readonly value?: unknown;
}

export type Parsed = z.infer<typeof questionSchema>;

/** Asks the server once. */
export async function answer(question: Parsed): Promise<Answer> {
  switch (question.kind) {
    case "postgres":
      return postgres(question);
    case "redis":
      return redis(question);
    case "s3":
      return s3(question);
    case "grafana":
      return grafana(question);
  }
}

async function postgres({ host, user, password, statements }: Extract<Parsed, { kind: "postgres" }>): Promise<Answer> {
  const client = new pg.Client({ host, user, password, database: "goimg", connectionTimeoutMillis: 5000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    let value: unknown;
    for (const sql of statements) {
      const { rows } = await client.query<Record<string, unknown>>(sql);
      value = Object.values(rows[0] ?? {})[0];
    }
    return { accepted: true, ...(value === undefined ? {} : { value }) };
  } catch (error) {
    return { accepted: false, code: (error as { code?: string }).code ?? "unknown" };
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function redis({ host, user, password }: Extract<Parsed, { kind: "redis" }>): Promise<Answer> {
  const socket = { host, port: 6379, connectTimeout: 5000, reconnectStrategy: false } as const;
  const client = createClient({ socket, username: user, password });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.ping();
    return { accepted: true };
  } catch (error) {
    return { accepted: false, code: /^[A-Z]+/.exec((error as Error).message)?.[0] ?? "unknown" };
  } finally {
    client.destroy();
  }
}

async function grafana({ host, password }: Extract<Parsed, { kind: "grafana" }>): Promise<Answer> {
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`;
  const { ok, status } = await fetch(`http://${host}:3000/api/org`, { headers: { authorization } });
  return ok ? { accepted: true } : { accepted: false, code: String(status) };
}

async function s3({ host, bucket, accessKeyId, secretAccessKey }: Extract<Parsed, { kind: "s3" }>): Promise<Answer> {
  const client = new S3Client({
    region: "us-east-1",
    endpoint: `http://${host}:7070`,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
  });
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
    return { accepted: true };
  } catch (error) {
    const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
    return { accepted: false, code: String($metadata?.httpStatusCode ?? "unknown") };
  } finally {
    client.destroy();
  }
}
