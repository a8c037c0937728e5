import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** A text, a character a byte, and how it is written back: what is not changed in it stays as it was, byte for byte. */
export interface Decoded {
  readonly text: string;
  encode(text: string): Buffer;
}

const kinds = [
  { magic: [0x1f, 0x8b], decode: gunzipSync, encode: gzipSync },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], decode: zstdDecompressSync, encode: zstdCompressSync },
] as const;

/** The text of one of Pulumi's files, which may be compressed: by its bytes, as Pulumi tells. @throws if it is cut off */
export function decode(content: Buffer): Decoded {
  const kind = kinds.find(({ magic }) => magic.every((byte, index) => content[index] === byte));
  return {
    text: (kind?.decode(content) ?? content).toString("latin1"),
    encode: (text) => kind?.encode(Buffer.from(text, "latin1")) ?? Buffer.from(text, "latin1"),
  };
}
