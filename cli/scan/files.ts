import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Finding } from "../../policies/detect/index.ts";
import { detect } from "../../policies/detect/index.ts";
import { standsFor } from "../../policies/detect/references.ts";
import { safeName } from "../../policies/detect/tree.ts";
import { isPlainValue, isPublicMaterial } from "../../policies/detect/values.ts";
import { readDockerfile } from "./dockerfile.ts";
import { readDotenv } from "./dotenv.ts";
import type { Reading, ScanEntry } from "./entries.ts";
import { readManifest } from "./manifest.ts";

/** What `scan` prints of one finding; never the value. */
export interface ScanFinding {
  readonly file: string;
  readonly line: number;
  readonly service: string | null;
  readonly name: string;
  readonly rule: string;
}

/** A file, or with a line a part of one, that was not scanned. */
export interface ScanError {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/** What a scan of a file found, and what of it could not be read. */
export interface ScanResult {
  readonly findings: readonly ScanFinding[];
  readonly errors: readonly ScanError[];
}

/** Scans one file by its name and its looks. */
export async function scanFile(file: string): Promise<ScanResult> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return unscanned(file, `can't be read (${code})`);
  }
  return scanText(file, text);
}

/** Scans a file's text. */
export function scanText(file: string, text: string): ScanResult {
  if (text.includes("\0")) return unscanned(file, "is not text");
  try {
    const { entries, unreadable } = readerOf(file, text)(text);
    return { findings: findings(file, entries), errors: unreadable.map((each) => ({ file, ...each })) };
  } catch {
    return unscanned(file, "can't be read as any known format");
  }
}

function unscanned(file: string, reason: string): ScanResult {
  return { findings: [], errors: [{ file, line: 0, reason }] };
}

function readerOf(file: string, text: string): (text: string) => Reading {
  const name = basename(file).toLowerCase();
  if (/^(?:dockerfile|containerfile)(?:\.|$)|\.(?:dockerfile|containerfile)$/.test(name)) return readDockerfile;
  if (/\.(?:ya?ml|json|jsonc)$/.test(name)) return readManifest;
  if (/^\.?env(?:\.|rc|$)|\.(?:env|properties)(?:\.|$)/.test(name)) return readDotenv;
  if (/^\s*[[{]/.test(text)) return readManifest;
  return /^\s*(?:export\s+)?[A-Za-z_]\w*=/m.test(text) && !/^\s*[\w-]+:\s*$/m.test(text) ? readDotenv : readManifest;
}

function findings(file: string, entries: readonly ScanEntry[]): ScanFinding[] {
  const seen = new Set<string>();
  const found: ScanFinding[] = [];
  for (const entry of entries) {
    const finding = judge(entry);
    if (finding === undefined) continue;
    const each = {
      file,
      line: lineOf(entry),
      service: entry.service === undefined ? null : safeName(entry.service),
      name: safeName(entry.name),
      rule: finding.rule,
    };
    const key = JSON.stringify([each.line, each.name, each.rule]);
    if (!seen.has(key)) found.push(each);
    seen.add(key);
  }
  return found.sort((left, right) => left.line - right.line);
}

/** The line of a finding: in a value of several, the first that is a secret by itself. */
function lineOf({ line, name, value, block }: ScanEntry): number {
  if (block === undefined) return line;
  const at = value.split("\n").findIndex((each) => detect("", each) !== undefined || detect(name, each) !== undefined);
  return at < 0 ? line : block + at;
}

function judge(entry: ScanEntry): Finding | undefined {
  if (entry.place === undefined) return detect(entry.name, entry.value);
  const value = entry.value.trim();
  if (isPlainValue(value) || standsFor(value) || isPublicMaterial(value)) return undefined;
  return { rule: entry.place, message: "a secret's value stands in the file" };
}
