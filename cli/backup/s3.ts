import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { OperatorError } from "../error.ts";
import { Bucket } from "../s3.ts";
import type { BackupPlace } from "./places.ts";

/**
 * A bucket, or a prefix in it. Credentials, region and endpoint come from the environment, as for any AWS client
 * (`AWS_ENDPOINT_URL_S3` for storage that is not Amazon's).
 */
export class S3Place implements BackupPlace {
  private readonly bucket: Bucket;
  private readonly prefix: string;

  constructor(target: string, env: NodeJS.ProcessEnv) {
    const [, bucket = "", prefix = ""] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(target) ?? [];
    if (bucket === "") throw new OperatorError(`${target} names no bucket: s3://bucket/prefix`, 2);
    this.prefix = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
    this.bucket = new Bucket({ bucket }, env);
  }

  address(name: string): string {
    return `s3://${this.bucket.name}/${this.prefix}${name}`;
  }

  async put(name: string, ciphertext: Readable): Promise<void> {
    // An object's length is told before it is sent: the ciphertext is kept in memory until it is whole.
    const body = await buffer(ciphertext);
    await this.bucket.put(this.prefix + name, body, `${this.address(name)} can't be written: no backup was made`);
  }

  async get(name: string): Promise<Readable> {
    const body = await this.bucket.get(this.prefix + name, `${this.address(name)} can't be read`);
    if (body === undefined) throw new OperatorError(`${this.address(name)} has no content`);
    return body;
  }

  async list(): Promise<readonly string[]> {
    const keys = await this.bucket.list(this.prefix, `s3://${this.bucket.name} can't be listed`);
    return keys.map((key) => key.slice(this.prefix.length));
  }

  async remove(name: string): Promise<void> {
    await this.bucket.remove(this.prefix + name, `${this.address(name)} can't be removed`);
  }
}
