import { chmod, rename, writeFile } from "node:fs/promises";

/**
 * Replaces a file in one step: whoever reads it finds all of the old text or all of the new one.
 *
 * @param mode of the file; the process' own default when left out
 */
export async function writeWhole(file: string, content: string | Buffer, mode?: number): Promise<void> {
  const partial = `${file}.partial`;
  // On the disk before it has its name: a power cut leaves the old text or the new one, too.
  await writeFile(partial, content, { flush: true, ...(mode === undefined ? {} : { mode }) });
  if (mode !== undefined) await chmod(partial, mode);
  await rename(partial, file);
}
