import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { secretSpecs } from "../../components/catalog/grants.ts";
import { images } from "../../images/images.ts";
import { freePort } from "./project.ts";
import { startServer } from "./server.ts";

/** The stack's own S3 server (versitygw), outside of Docker, with one bucket on a disk that is thrown away. */
export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  /** Credentials and region, as AWS clients read them. */
  readonly env: Readonly<Record<string, string>>;
  /** Every object as it lies on the server's disk, with its key. */
  objects(): Promise<ReadonlyMap<string, Buffer>>;
  stop(): Promise<void>;
}

const bucket = "goimg-state";
/** Of the catalog's kind: letters and digits. */
const letters = (length: number): string =>
  randomBytes(8 * length)
    .toString("base64")
    .replaceAll(/[^A-Z0-9]/g, "")
    .slice(0, length);

/** Starts it. Its program is that of the stack's image, with a key pair of the test's own. */
export async function startS3(): Promise<S3Server> {
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-s3-"));
  const image = path.join(directory, "image");
  const data = path.join(directory, "data");
  await Promise.all([mkdir(image), mkdir(data)]);
  await images["s3"]?.prepare(image);
  const keys = { access: letters(20), secret: letters(48) };
  const secretsFile = path.join(directory, "secrets.env");
  const line = (name: string, value: string): string => `${name}__1=${JSON.stringify(value)}\n`;
  const values = line("S3_ACCESS_KEY", keys.access) + line("S3_SECRET_KEY", keys.secret);
  await writeFile(secretsFile, values, { mode: 0o600 });
  const manifestFile = path.join(directory, "manifest.json");
  await writeFile(manifestFile, JSON.stringify(manifest()));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = await startServer({
    name: "the S3 server",
    command: path.join(image, "goimg-s3"),
    args: [],
    env: {
      PATH: process.env["PATH"],
      SECRET_PROVIDER: "env",
      SECRETS_ENV_FILE: secretsFile,
      SECRETS_MANIFEST_FILE: manifestFile,
      S3_PORT: String(port),
      S3_BUCKET: bucket,
      S3_DATA: data,
      DRAIN_SECONDS: "0",
    },
    isUp: async () => (await fetch(`${endpoint}/healthz`)).status === 200,
  });
  return {
    endpoint,
    bucket,
    env: { AWS_ACCESS_KEY_ID: keys.access, AWS_SECRET_ACCESS_KEY: keys.secret, AWS_REGION: "us-east-1" },
    async objects() {
      const root = path.join(data, "objects", bucket);
      const below = await readdir(root, { recursive: true, withFileTypes: true });
      const files = below.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
      return new Map(
        await Promise.all(files.map(async (file) => [path.relative(root, file), await readFile(file)] as const)),
      );
    },
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What it may read, as its stack would tell it. */
function manifest(): object {
  const { kind, strategy, entries: specs } = secretSpecs.S3_KEY;
  const entries = Object.entries(specs).map(([name, { format }]) => ({ name, format, files: { "1": name } }));
  const secrets = [{ name: "S3_KEY", kind, strategy, required: true, active: 1, live: [1], entries }];
  return { version: 1, service: "s3", stack: "test", production: false, directory: "/run/secrets", secrets };
}
