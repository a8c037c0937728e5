import type { Place, Traced } from "./traced.ts";

/** What a tag of compose says of a node: take what was there before away, or put this in its place. */
export type Tag = "reset" | "override";

/** A scalar: its text as compose sees it, and what it is in JSON. `text` is undefined for null. */
export interface Scalar {
  readonly kind: "scalar";
  readonly at: Place;
  readonly text: Traced | undefined;
  readonly value: string | number | boolean | null;
  readonly tag?: Tag;
}

/** A mapping, its keys in the order of the file. */
export interface Mapping {
  readonly kind: "mapping";
  readonly at: Place;
  readonly items: ReadonlyMap<string, Node>;
  readonly tag?: Tag;
}

/** A list. */
export interface Sequence {
  readonly kind: "sequence";
  readonly at: Place;
  readonly items: readonly Node[];
  readonly tag?: Tag;
}

/** A tree of a compose file, with the place of each node. */
export type Node = Scalar | Mapping | Sequence;

/** A text node. */
export function scalar(text: Traced): Scalar {
  return { kind: "scalar", at: text.at, text, value: text.text };
}

/** A mapping. */
export function mapping(items: ReadonlyMap<string, Node> | Iterable<readonly [string, Node]>, at: Place): Mapping {
  return { kind: "mapping", at, items: new Map(items) };
}

/** A list. */
export function sequence(items: readonly Node[], at: Place): Sequence {
  return { kind: "sequence", at, items };
}

/** The child under a key, if the node is a mapping that has it. */
export function get(node: Node | undefined, ...keys: readonly string[]): Node | undefined {
  let current = node;
  for (const key of keys) current = current?.kind === "mapping" ? current.items.get(key) : undefined;
  return current;
}

/** The text of a scalar. */
export function textOf(node: Node | undefined): Traced | undefined {
  return node?.kind === "scalar" ? node.text : undefined;
}

/** The pairs of a mapping; none of anything else. */
export function pairs(node: Node | undefined): readonly (readonly [string, Node])[] {
  return node?.kind === "mapping" ? [...node.items] : [];
}

/** The items of a list; a scalar is a list of one. */
export function itemsOf(node: Node | undefined): readonly Node[] {
  if (node === undefined) return [];
  if (node.kind === "sequence") return node.items;
  return node.kind === "scalar" && node.text !== undefined ? [node] : [];
}

/** The mapping with one more key, or another value under it. */
export function withItem(node: Mapping, key: string, value: Node): Mapping {
  return { ...node, items: new Map(node.items).set(key, value) };
}

/** The tree with every text changed by `change`. */
export function mapTexts(node: Node, change: (text: Traced) => Traced): Node {
  switch (node.kind) {
    case "scalar": {
      if (typeof node.value !== "string" || node.text === undefined) return node;
      const text = change(node.text);
      return { ...node, text, value: text.text };
    }
    case "mapping":
      return { ...node, items: new Map([...node.items].map(([key, item]) => [key, mapTexts(item, change)])) };
    case "sequence":
      return { ...node, items: node.items.map((item) => mapTexts(item, change)) };
  }
}

/** The tree as plain data. */
export function plain(node: Node): unknown {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "mapping":
      return Object.fromEntries([...node.items].map(([key, item]) => [key, plain(item)]));
    case "sequence":
      return node.items.map(plain);
  }
}
