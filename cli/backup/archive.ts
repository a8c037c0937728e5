import { createHash } from "node:crypto";
import { createGzip, createGunzip } from "node:zlib";
import { pipeline as pipe, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { OperatorError } from "../error.ts";

/** A file of a backup. */
export interface BackedUp {
  readonly name: FileName;
  readonly content: Buffer;
}

/** What a backup holds: state, config, passphrase, audit log. */
export const fileNames = ["project.yaml", "stack.yaml", "state.json", "passphrase", "audit.jsonl"] as const;
/** One of {@link fileNames}. */
export type FileName = (typeof fileNames)[number];

const headerSchema = z.strictObject({
  format: z.literal("goimg-secrets backup"),
  version: z.literal(1),
  stack: z.string(),
  project: z.string(),
  /** When it was made: ISO 8601, UTC. */
  made: z.iso.datetime(),
});
const fileSchema = z.strictObject({ name: z.enum(fileNames), sha256: z.string(), content: z.base64() });
const endSchema = z.strictObject({ end: z.literal(true), files: z.int(), sha256: z.string() });

/** What a backup says of itself. */
export type BackupHeader = z.infer<typeof headerSchema>;

/** A backup that was read and found whole. */
export interface Backup {
  readonly header: BackupHeader;
  readonly files: ReadonlyMap<FileName, Buffer>;
}

const largest = 1024 * 1024 * 1024;

/** A backup's plaintext as a stream of compressed lines: header, files, and a seal over all of them. */
export function pack(header: BackupHeader, files: readonly BackedUp[]): Readable {
  const packed = createGzip();
  // An error ends what is packed, and so reaches whoever reads it.
  pipe(Readable.from(lines(header, files)), packed, () => undefined);
  return packed;
}

function* lines(header: BackupHeader, files: readonly BackedUp[]): Generator<Buffer> {
  const seal = createHash("sha256");
  const line = (value: object): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);
  const sealed = (value: object): Buffer => {
    const bytes = line(value);
    seal.update(bytes);
    return bytes;
  };
  yield sealed(header);
  for (const { name, content } of files)
    yield sealed({ name, sha256: sha256(content), content: content.toString("base64") });
  yield line({ end: true, files: files.length, sha256: seal.digest("hex") });
}

/**
 * Reads a backup's plaintext, and checks every file and the seal.
 *
 * @throws OperatorError if anything is missing, was changed, or is no backup; the message holds nothing of it
 */
export async function unpack(plaintext: Readable): Promise<Backup> {
  const chunks: Buffer[] = [];
  try {
    await pipeline(plaintext, createGunzip(), async (decompressed: AsyncIterable<Buffer>) => {
      let size = 0;
      for await (const chunk of decompressed) {
        chunks.push(chunk);
        size += chunk.length;
        if (size > largest) throw new OperatorError("the backup is larger than 1 GiB");
      }
    });
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError("the backup is damaged: a part of it was changed, or its end is missing");
  }
  const all = Buffer.concat(chunks).toString("utf8").split("\n");
  if (all.pop() !== "") throw new OperatorError("the backup is damaged: it ends within a line");
  const end = parse(endSchema, all.pop() ?? "", "its end is missing");
  const [first = "", ...rest] = all;
  const seal = createHash("sha256")
    .update(all.map((text) => `${text}\n`).join(""))
    .digest("hex");
  if (seal !== end.sha256 || end.files !== rest.length)
    throw new OperatorError("the backup is damaged: its seal is broken");
  const header = parse(headerSchema, first, "its header is not one of a backup that this version reads");
  const files = new Map<FileName, Buffer>();
  for (const text of rest) {
    const file = parse(fileSchema, text, "one of its files is none");
    const content = Buffer.from(file.content, "base64");
    if (sha256(content) !== file.sha256) throw new OperatorError(`the backup is damaged: ${file.name} was changed`);
    files.set(file.name, content);
  }
  for (const needed of ["project.yaml", "stack.yaml", "state.json"] as const)
    if (!files.has(needed)) throw new OperatorError(`the backup is damaged: ${needed} is missing`);
  return { header, files };
}

function parse<T>(schema: z.ZodType<T>, text: string, why: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new OperatorError(`the backup is damaged: ${why}`);
  }
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
