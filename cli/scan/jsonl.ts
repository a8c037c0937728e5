import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline";
import { detect } from "../../policies/detect/index.ts";

const batchLength = 65_536;

/**
 * Answers each line `{"name": …, "value": …}` of the input, in order, with `{"secret": …, "rule": …}`, or with
 * `{"error": …}` when it is no such line. The answers never quote the line.
 * @returns whether every line was well formed
 */
export async function scanLines(input: Readable, output: Writable): Promise<boolean> {
  let wellFormed = true;
  let batch = "";
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    const answer = answerTo(line);
    wellFormed &&= !("error" in answer);
    batch += `${JSON.stringify(answer)}\n`;
    if (batch.length >= batchLength) {
      await write(output, batch);
      batch = "";
    }
  }
  await write(output, batch);
  return wellFormed;
}

type Answer = { readonly secret: boolean; readonly rule: string | null } | { readonly error: string };

function answerTo(line: string): Answer {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return { error: "not JSON" };
  }
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return { error: "not an object" };
  const name = "name" in entry ? entry.name : undefined;
  const value = "value" in entry ? entry.value : undefined;
  if (typeof name !== "string") return { error: "name is not a string" };
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
    return { error: "value is not a string" };
  const finding = detect(name, String(value));
  return { secret: finding !== undefined, rule: finding?.rule ?? null };
}

function write(output: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
