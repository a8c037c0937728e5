import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { OperatorError } from "./error.ts";

/** Where a bucket is, beside what the environment says (`AWS_REGION`, `AWS_ENDPOINT_URL_S3`, credentials). */
export interface BucketSettings {
  readonly bucket: string;
  readonly region?: string | undefined;
  /** Of storage that is not Amazon's. */
  readonly endpoint?: string | undefined;
  /** Of the AWS configuration's files. */
  readonly profile?: string | undefined;
}

/** The objects of one bucket. Credentials come from the environment, as for any AWS client. */
export class Bucket {
  readonly name: string;
  readonly #client: S3Client;

  constructor({ bucket, region, endpoint, profile }: BucketSettings, env: NodeJS.ProcessEnv) {
    this.name = bucket;
    const other = endpoint ?? env["AWS_ENDPOINT_URL_S3"] ?? env["AWS_ENDPOINT_URL"];
    this.#client = new S3Client({
      region: region ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"] ?? "us-east-1",
      ...(profile === undefined ? {} : { profile }),
      ...(other === undefined ? {} : { endpoint: other, forcePathStyle: true }),
    });
  }

  /** @throws OperatorError that begins with `failure` */
  async put(key: string, body: Buffer, failure: string): Promise<void> {
    await ask(failure, () => this.#client.send(new PutObjectCommand({ Bucket: this.name, Key: key, Body: body })));
  }

  /** Undefined when there is no such object and `optional` is true. @throws OperatorError that begins with `failure` */
  async get(key: string, failure: string, optional = false): Promise<Readable | undefined> {
    const send = async (): Promise<Readable | undefined> => {
      try {
        const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.name, Key: key }));
        if (Body instanceof Readable) return Body;
      } catch (error) {
        if (!(optional && error instanceof Error && error.name === "NoSuchKey")) throw error;
      }
      return undefined;
    };
    return ask(failure, send);
  }

  /** Every key that begins so. @throws OperatorError that begins with `failure` */
  async list(prefix: string, failure: string): Promise<readonly string[]> {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const more = token === undefined ? {} : { ContinuationToken: token };
      const page = await ask(failure, () =>
        this.#client.send(new ListObjectsV2Command({ Bucket: this.name, Prefix: prefix, ...more })),
      );
      keys.push(...(page.Contents ?? []).map(({ Key = "" }) => Key));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return keys;
  }

  /** @throws OperatorError that begins with `failure` */
  async remove(key: string, failure: string): Promise<void> {
    await ask(failure, () => this.#client.send(new DeleteObjectCommand({ Bucket: this.name, Key: key })));
  }
}

/** An error's name says what S3 means; its message may hold what was sent. */
async function ask<T>(failure: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    throw new OperatorError(`${failure} (${error instanceof Error ? error.name : "unknown error"})`);
  }
}
