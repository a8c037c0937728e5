import type { Document, Pair, YAMLMap, YAMLSeq } from "yaml";
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml";
import type { Reading, ScanEntry, Unreadable } from "./entries.ts";
import { readSecretManifest } from "./kubernetes.ts";

/** Kinds whose `data` names secrets kept elsewhere, or holds them encrypted. */
const referringKinds =
  /^(?:(?:Cluster)?ExternalSecret|SealedSecret|(?:Cluster)?SecretStore|SecretProviderClass|PushSecret|Vault\w*Secret|SopsSecret|OnePasswordItem)$/;
const commandKey = /^(?:command|args|entrypoint|test|exec|cmd)$/i;

/** What the walk knows of where it is. */
interface Place {
  readonly service: string | undefined;
  /** The nearest key above. */
  readonly name: string;
}

/**
 * Reads any YAML or JSON (a subset of it): compose and stack files, ECS task definitions, Kubernetes manifests.
 * Anchors, aliases, merge keys and several documents are followed; every node is read once, for the first service that uses it.
 * Unreadable is each document with a syntax error, whatever could be read of it.
 */
export function readManifest(text: string): Reading {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    merge: true,
    logLevel: "silent",
  });
  const entries: ScanEntry[] = [];
  const unreadable: Unreadable[] = [];
  if (!Array.isArray(documents)) return { entries, unreadable };
  for (const document of documents) {
    const error = document.errors[0];
    if (error !== undefined) unreadable.push({ line: lines.linePos(error.pos[0]).line, reason: reasonOf(error.code) });
    new Walk(document, lines, entries).root();
  }
  return { entries, unreadable };
}

/** A parser's error code in words; its message would quote the file. */
function reasonOf(code: string): string {
  return `not valid YAML or JSON: ${code.toLowerCase().replaceAll("_", " ")}`;
}

/** The text of a scalar, if the node is one. */
export function textOf(node: unknown): string | undefined {
  if (!isScalar(node)) return undefined;
  const { value, source } = node;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint")
    return source ?? String(value);
  return undefined;
}

/** Text that keeps its lines, written below its key. */
function isBlock(node: unknown): boolean {
  return isScalar(node) && node.type === "BLOCK_LITERAL";
}

function keyOf(pair: Pair): string {
  return textOf(pair.key) ?? "";
}

/** Walks one document. */
class Walk {
  private readonly document: Document;
  private readonly lines: LineCounter;
  private readonly entries: ScanEntry[];
  private readonly seen = new Set<unknown>();

  constructor(document: Document, lines: LineCounter, entries: ScanEntry[]) {
    this.document = document;
    this.lines = lines;
    this.entries = entries;
  }

  root(): void {
    const contents: unknown = this.document.contents;
    if (!isMap(contents)) {
      this.visit(contents, { service: undefined, name: "" });
      return;
    }
    const kind = textOf(contents.get("kind", true));
    const service = this.nameOf(contents.get("metadata", true)) ?? textOf(contents.get("family", true));
    if (this.kubernetesSecret(contents)) return;
    // Services come first, so that what they share by anchors is reported under a service and not under `x-…`.
    const pairs = [...contents.items].sort(
      (left, right) => Number(keyOf(right) === "services") - Number(keyOf(left) === "services"),
    );
    for (const pair of pairs) {
      const key = keyOf(pair);
      const value = this.resolve(pair.value);
      if (key === "services" && isMap(value)) this.services(value);
      else if ((key === "secrets" || key === "configs") && isMap(value)) this.inlineContents(key, value);
      else this.visit(value, { service: kind === undefined ? undefined : service, name: key });
    }
  }

  /** A manifest, of its own or in a list, that holds secrets, whose values all count, or only refers to some. */
  private kubernetesSecret(manifest: YAMLMap): boolean {
    const kind = textOf(manifest.get("kind", true));
    if (kind === undefined || !manifest.has("apiVersion")) return false;
    if (kind === "Secret") {
      const service = this.nameOf(manifest.get("metadata", true));
      this.entries.push(...readSecretManifest(manifest, service, (node) => this.lineOf(node)));
    }
    return kind === "Secret" || referringKinds.test(kind);
  }

  private services(services: YAMLMap): void {
    for (const pair of services.items) this.visit(pair.value, { service: keyOf(pair), name: keyOf(pair) });
  }

  /** Top-level `secrets` and `configs` of a compose file: a secret with content in the file is a finding by its place. */
  private inlineContents(kind: string, declared: YAMLMap): void {
    for (const pair of declared.items) {
      const value = this.resolve(pair.value);
      if (!isMap(value)) continue;
      for (const field of value.items) {
        const text = textOf(this.resolve(field.value));
        const inline = kind === "secrets" && keyOf(field) === "content";
        if (
          text === undefined ||
          keyOf(field) === "external" ||
          keyOf(field) === "name" ||
          keyOf(field) === "environment"
        )
          continue;
        this.add(
          field.value,
          { service: undefined, name: keyOf(field) === "content" ? keyOf(pair) : keyOf(field) },
          text,
          inline,
        );
      }
    }
  }

  private visit(raw: unknown, place: Place): void {
    const node = this.resolve(raw);
    if (isScalar(node)) {
      const text = textOf(node);
      if (text !== undefined && !this.seen.has(node)) this.add(node, place, text, false);
      this.seen.add(node);
    } else if (isMap(node) && !this.seen.has(node)) {
      this.seen.add(node);
      if (!this.kubernetesSecret(node)) this.visitMap(node, place);
    } else if (isSeq(node) && !this.seen.has(node)) {
      this.seen.add(node);
      this.visitSeq(node, place);
    }
  }

  private visitMap(map: YAMLMap, place: Place): void {
    const named = textOf(map.get("name", true)) ?? textOf(map.get("key", true)) ?? textOf(map.get("Name", true));
    const value = map.items.find((pair) => /^[vV]alue$/.test(keyOf(pair)));
    const container = named !== undefined && ["image", "command", "env", "environment"].some((key) => map.has(key));
    const service = container ? named : place.service;
    for (const pair of map.items) {
      const key = keyOf(pair);
      if (key === "<<") this.visitMerged(pair.value, { ...place, service });
      else if (pair === value && named !== undefined) this.visit(pair.value, { service, name: named });
      else this.visit(pair.value, { service, name: key });
    }
  }

  /** `<<: *anchor` and `<<: [*one, *two]`: the pairs stand as if written here. */
  private visitMerged(raw: unknown, place: Place): void {
    const node = this.resolve(raw);
    if (isSeq(node)) for (const item of node.items) this.visit(item, place);
    else this.visit(node, place);
  }

  private visitSeq(seq: YAMLSeq, place: Place): void {
    const words: string[] = [];
    const before = this.entries.length;
    for (const item of seq.items) {
      const node = this.resolve(isPair(item) ? item.value : item);
      const text = textOf(node);
      if (text === undefined) {
        this.visit(node, place);
        continue;
      }
      words.push(text);
      const entry = /^([A-Za-z_][\w.:/-]{0,200})=(?!=?$)(.+)$/s.exec(text);
      if (entry?.[1] !== undefined && !commandKey.test(place.name))
        this.add(node, { service: place.service, name: entry[1] }, entry[2] ?? "", false);
      else this.add(node, { service: place.service, name: listName(place.name) }, text, false);
    }
    if (words.length > 1 && (commandKey.test(place.name) || words.some((word) => word.startsWith("-")))) {
      const line = this.lineOf(seq.items[0]);
      this.entries.splice(before, 0, { line, service: place.service, name: place.name, value: words.join(" ") });
    }
  }

  private add(node: unknown, place: Place, value: string, inline: boolean): void {
    this.entries.push({
      line: this.lineOf(node),
      service: place.service,
      name: place.name,
      value,
      ...(isBlock(node) ? { block: this.lineOf(node) + 1 } : {}),
      ...(inline ? { place: "inline-secret" } : {}),
    });
  }

  private resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.document) : node;
  }

  private lineOf(node: unknown): number {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
    return this.lines.linePos(range?.[0] ?? 0).line;
  }

  private nameOf(metadata: unknown): string | undefined {
    return isMap(metadata) ? textOf(metadata.get("name", true)) : undefined;
  }
}

/** Items of a service's `secrets` are names of secrets; a list's plural says nothing of its items. */
function listName(name: string): string {
  return /^(?:secrets|configs|credentials)$/i.test(name) ? "" : name;
}
