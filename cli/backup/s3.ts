import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { OperatorError } from "../error.ts";
import type { BackupPlace } from "./places.ts";

/**
 * A bucket, or a prefix in it. Credentials, region and endpoint come from the environment, as for any AWS client
 * (`AWS_ENDPOINT_URL_S3` for storage that is not Amazon's).
 */
export class S3Place implements BackupPlace {
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly prefix: string;

  constructor(target: string, env: NodeJS.ProcessEnv) {
    const [, bucket = "", prefix = ""] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(target) ?? [];
    if (bucket === "") throw new OperatorError(`${target} names no bucket: s3://bucket/prefix`, 2);
    this.bucket = bucket;
    this.prefix = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
    const endpoint = env["AWS_ENDPOINT_URL_S3"] ?? env["AWS_ENDPOINT_URL"];
    this.client = new S3Client({
      region: env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"] ?? "us-east-1",
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    });
  }

  address(name: string): string {
    return `s3://${this.bucket}/${this.prefix}${name}`;
  }

  async put(name: string, ciphertext: Readable): Promise<void> {
    // An object's length is told before it is sent: the ciphertext is kept in memory until it is whole.
    const Body = await buffer(ciphertext);
    await this.ask(`${this.address(name)} can't be written: no backup was made`, () =>
      this.client.send(new PutObjectCommand({ Bucket: this.bucket, Key: this.prefix + name, Body })),
    );
  }

  async get(name: string): Promise<Readable> {
    const { Body } = await this.ask(`${this.address(name)} can't be read`, () =>
      this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key: this.prefix + name })),
    );
    if (!(Body instanceof Readable)) throw new OperatorError(`${this.address(name)} has no content`);
    return Body;
  }

  async list(): Promise<readonly string[]> {
    const names: string[] = [];
    let token: string | undefined;
    do {
      const ContinuationToken = token;
      const page = await this.ask(`s3://${this.bucket} can't be listed`, () =>
        this.client.send(
          new ListObjectsV2Command({
            Bucket: this.bucket,
            Prefix: this.prefix,
            ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
          }),
        ),
      );
      names.push(...(page.Contents ?? []).map(({ Key = "" }) => Key.slice(this.prefix.length)));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return names;
  }

  async remove(name: string): Promise<void> {
    await this.ask(`${this.address(name)} can't be removed`, () =>
      this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: this.prefix + name })),
    );
  }

  /** An error's name says what S3 means; its message may hold what was sent. */
  private async ask<T>(failure: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw new OperatorError(`${failure} (${error instanceof Error ? error.name : "unknown error"})`);
    }
  }
}
