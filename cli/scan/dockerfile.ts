import type { Reading, ScanEntry } from "./entries.ts";

/** Reads `ENV`, `ARG`, `LABEL`, and the commands of `RUN`, `CMD`, `ENTRYPOINT` and `HEALTHCHECK`; the stage is the service. */
export function readDockerfile(text: string): Reading {
  const entries: ScanEntry[] = [];
  let stage: string | undefined;
  for (const { line, keyword, rest } of instructions(text)) {
    if (keyword === "FROM") stage = /\sas\s+(\S+)/i.exec(rest)?.[1];
    else if (keyword === "ENV" || keyword === "ARG" || keyword === "LABEL") {
      for (const [name, value] of assignments(rest)) entries.push({ line, service: stage, name, value });
    } else if (/^(?:RUN|CMD|ENTRYPOINT|HEALTHCHECK)$/.test(keyword)) {
      entries.push({ line, service: stage, name: keyword, value: wordsOf(rest) });
    }
  }
  return { entries, unreadable: [] };
}

/** Instructions with their continued lines joined and comments left out. */
function instructions(text: string): { line: number; keyword: string; rest: string }[] {
  const found: { line: number; keyword: string; rest: string }[] = [];
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const start = at;
    let joined = lines[at] ?? "";
    while (/\\\s*$/.test(joined) && at + 1 < lines.length) {
      joined = joined.replace(/\\\s*$/, " ");
      do at++;
      while (/^\s*#/.test(lines[at] ?? "") && at + 1 < lines.length);
      joined += lines[at] ?? "";
    }
    const match = /^\s*([A-Za-z]+)\s+(.*)$/s.exec(joined);
    if (match?.[1] !== undefined && !/^\s*#/.test(joined))
      found.push({ line: start + 1, keyword: match[1].toUpperCase(), rest: match[2] ?? "" });
  }
  return found;
}

/** `a=b c="d e"`, the old `ENV name value`, and a bare `ARG name`. */
function assignments(rest: string): [string, string][] {
  const pairs: [string, string][] = [];
  for (const match of rest.matchAll(/([\w.-]+)=("(?:[^"\\]|\\.)*"|'[^']*'|[^\s]*)/g))
    pairs.push([match[1] ?? "", (match[2] ?? "").replace(/^(["'])(.*)\1$/s, "$2")]);
  const old = /^([\w.-]+)\s+([^=]+)$/.exec(rest.trim());
  return pairs.length === 0 && old?.[1] !== undefined ? [[old[1], old[2] ?? ""]] : pairs;
}

/** The words of a command in its JSON form, or its text. */
function wordsOf(rest: string): string {
  try {
    const words: unknown = JSON.parse(rest);
    return Array.isArray(words) ? words.map(String).join(" ") : rest;
  } catch {
    return rest;
  }
}
