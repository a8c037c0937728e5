/** Objects in S3, under the active generation of S3_KEY. */
import { Agent } from "node:http";
import { GetObjectCommand, HeadBucketCommand, NoSuchKey, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Secrets } from "../../../runtime/secrets.ts";
import type { StorageConfig } from "./config.ts";
import { retrying } from "./retry.ts";

export class Storage {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(config: StorageConfig, secrets: Secrets) {
    this.#bucket = config.bucket;
    this.#client = new S3Client({
      region: config.region,
      endpoint: config.endpoint,
      forcePathStyle: true,
      credentials: {
        accessKeyId: secrets.mustGet("S3_ACCESS_KEY"),
        secretAccessKey: secrets.mustGet("S3_SECRET_KEY"),
      },
      // The client's own retries cover what the server answers (500, 503, throttling) and connections that end.
      maxAttempts: 4,
      requestHandler: {
        connectionTimeout: 1000,
        requestTimeout: 10_000,
        httpAgent: new Agent({ keepAlive: true, maxSockets: 64, timeout: 10_000 }),
      },
    });
  }

  /** Stores an object under a key that is never used for other bytes, so that a repetition changes nothing. */
  async put(key: string, body: Buffer, contentType: string): Promise<void> {
    const input = { Bucket: this.#bucket, Key: key, Body: body, ContentType: contentType };
    await retrying(() => this.#client.send(new PutObjectCommand(input)));
  }

  /** The whole object, so that a connection that ends midway can be tried again; null when there is none. */
  get(key: string): Promise<Buffer | null> {
    return retrying(async () => {
      try {
        const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
        return Body === undefined ? null : Buffer.from(await Body.transformToByteArray());
      } catch (error) {
        if (error instanceof NoSuchKey) return null;
        throw error;
      }
    });
  }

  /** Rejects when the storage can't be reached or refuses the key. */
  async ping(): Promise<void> {
    await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }));
  }

  end(): Promise<void> {
    this.#client.destroy();
    return Promise.resolve();
  }
}
