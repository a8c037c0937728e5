/** Docker's framing of a container's log: a header of 8 bytes, stream and length, before each piece. */
export function plainLog(raw: Buffer): string {
  const pieces: Buffer[] = [];
  let offset = 0;
  while (offset + 8 <= raw.length) {
    const length = raw.readUInt32BE(offset + 4);
    pieces.push(raw.subarray(offset + 8, offset + 8 + length));
    offset += 8 + length;
  }
  return Buffer.concat(pieces).toString("utf8");
}
