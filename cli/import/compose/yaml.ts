import type { Document, Pair, YAMLMap } from "yaml";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, Scalar as YamlScalar } from "yaml";
import type { Mapping, Node, Tag } from "./node.ts";
import { scalar } from "./node.ts";
import { plainScalar } from "./scalars.ts";
import type { Place, Problem } from "./traced.ts";
import { literal } from "./traced.ts";

/** Aliases of aliases can stand for more nodes than memory holds. */
const nodeLimit = 50_000;

/** What a file holds: its documents as far as they can be read, and why not further. */
export interface Parsed {
  readonly documents: readonly Node[];
  readonly problems: readonly Problem[];
}

/** Reads a YAML or JSON text as compose does, with anchors, aliases, merge keys, `!reset` and `!override`. */
export function parseYaml(text: string, file: string): Parsed {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: "failsafe",
    merge: false,
    logLevel: "silent",
  });
  if (!Array.isArray(documents)) return { documents: [], problems: [] };
  const problems: Problem[] = [];
  const nodes: Node[] = [];
  for (const document of documents) {
    for (const error of document.errors) {
      const reason = `not valid YAML: ${error.code.toLowerCase().replaceAll("_", " ")}`;
      problems.push({ file, line: lines.linePos(error.pos[0]).line, reason });
    }
    if (document.errors.length > 0) continue;
    const reader = new Reader(document, lines, file);
    try {
      nodes.push(reader.read(document.contents));
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      problems.push({ file, line: 0, reason: "its aliases stand for too many nodes" });
    }
  }
  return { documents: nodes, problems };
}

class TooLarge extends Error {}

class Reader {
  private readonly document: Document;
  private readonly lines: LineCounter;
  private readonly file: string;
  private count = 0;
  private readonly open = new Set<unknown>();

  constructor(document: Document, lines: LineCounter, file: string) {
    this.document = document;
    this.lines = lines;
    this.file = file;
  }

  read(raw: unknown): Node {
    const node = isAlias(raw) ? raw.resolve(this.document) : raw;
    this.count++;
    if (this.count > nodeLimit || this.open.has(node)) throw new TooLarge();
    const at = this.place(raw);
    const tag = tagOf(raw);
    if (isMap(node)) return this.within(node, () => ({ ...this.mapping(node, at), ...tag }));
    if (isSeq(node)) {
      return this.within(node, () => ({
        kind: "sequence",
        at,
        items: node.items.map((item) => this.read(item)),
        ...tag,
      }));
    }
    if (isScalar(node)) return { ...this.scalar(node, at), ...tag };
    return { kind: "scalar", at, text: undefined, value: null, ...tag };
  }

  private within<T>(node: unknown, read: () => T): T {
    this.open.add(node);
    const result = read();
    this.open.delete(node);
    return result;
  }

  /** A mapping's own keys win over merged ones, and of those the first. */
  private mapping(node: YAMLMap, at: Place): Mapping {
    const items = new Map<string, Node>();
    const merged: Node[] = [];
    for (const pair of node.items) {
      if (isMerge(pair)) merged.push(this.read(pair.value));
      else items.set(keyOf(pair), this.read(pair.value));
    }
    for (const source of merged.flatMap((each) => (each.kind === "sequence" ? each.items : [each]))) {
      if (source.kind === "mapping") for (const [key, item] of source.items) if (!items.has(key)) items.set(key, item);
    }
    return { kind: "mapping", at, items };
  }

  private scalar(node: YamlScalar, at: Place): Node {
    const text = typeof node.value === "string" ? node.value : "";
    if (node.type !== YamlScalar.PLAIN || node.tag === "tag:yaml.org,2002:str" || node.tag === "!!str")
      return scalar(literal(text, at));
    const { text: shown, value } = plainScalar(text);
    return { kind: "scalar", at, text: shown === undefined ? undefined : literal(shown, at), value };
  }

  private place(node: unknown): Place {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
    return { file: this.file, line: this.lines.linePos(range?.[0] ?? 0).line };
  }
}

function keyOf(pair: Pair): string {
  const { key } = pair;
  return isScalar(key) && typeof key.value === "string" ? key.value : "";
}

function isMerge(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.value === "<<" && pair.key.type === YamlScalar.PLAIN;
}

function tagOf(node: unknown): { tag?: Tag } {
  const tag = isScalar(node) || isMap(node) || isSeq(node) ? node.tag : undefined;
  return tag === "!reset" || tag === "!override" ? { tag: tag.slice(1) as Tag } : {};
}
