import { buffer } from "node:stream/consumers";
import { OperatorError } from "../error.ts";
import { Bucket } from "../s3.ts";
import type { StateFiles } from "./files.ts";

/** A bucket as Pulumi's backend: `s3://bucket/prefix?region=…&endpoint=…`, with the parameters that Pulumi reads. */
export class S3State implements StateFiles {
  readonly #bucket: Bucket;
  readonly #root: string;

  constructor(backend: string, env: NodeJS.ProcessEnv) {
    const { hostname, pathname, searchParams } = new URL(backend);
    if (hostname === "") throw new OperatorError("PULUMI_BACKEND_URL names no bucket: s3://bucket?region=…", 2);
    const prefix = pathname.replace(/^\/|\/$/g, "");
    this.#root = `${prefix === "" ? "" : `${prefix}/`}.pulumi/`;
    this.#bucket = new Bucket(
      {
        bucket: hostname,
        region: searchParams.get("region") ?? undefined,
        endpoint: endpointOf(searchParams),
        profile: searchParams.get("profile") ?? undefined,
      },
      env,
    );
  }

  address(key: string): string {
    return `s3://${this.#bucket.name}/${this.#root}${key}`;
  }

  async list(folder: string): Promise<readonly string[]> {
    const keys = await this.#bucket.list(`${this.#root}${folder}/`, `${this.address(folder)} can't be listed`);
    return keys.map((key) => key.slice(this.#root.length)).sort();
  }

  async read(key: string): Promise<Buffer | undefined> {
    const body = await this.#bucket.get(this.#root + key, `${this.address(key)} can't be read`, true);
    return body === undefined ? undefined : buffer(body);
  }

  async write(key: string, content: Buffer): Promise<void> {
    await this.#bucket.put(this.#root + key, content, `${this.address(key)} can't be written`);
  }

  async remove(key: string): Promise<void> {
    await this.#bucket.remove(this.#root + key, `${this.address(key)} can't be removed`);
  }
}

/** Pulumi takes an endpoint without a scheme too, and then reads `disableSSL`. */
function endpointOf(parameters: URLSearchParams): string | undefined {
  const endpoint = parameters.get("endpoint");
  if (endpoint === null || endpoint.includes("://")) return endpoint ?? undefined;
  return `${parameters.get("disableSSL") === "true" ? "http" : "https"}://${endpoint}`;
}
