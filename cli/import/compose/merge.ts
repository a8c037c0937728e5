import type { Mapping, Node } from "./node.ts";
import { get, itemsOf, mapping, scalar, sequence } from "./node.ts";
import { literal, slice } from "./traced.ts";

/** `KEY=value` lists and mappings, which compose merges by key. */
const keyed =
  /^(?:(?:services|jobs)\.[^.]+\.(?:environment|labels|annotations|sysctls|build\.(?:args|labels|additional_contexts)|deploy\.labels)|(?:networks|volumes|secrets|configs)\.[^.]+\.labels)$/;
/** What an override puts in its place whole. */
const replaced = /^services\.[^.]+\.(?:command|entrypoint|healthcheck\.test)$/;
/** Lists that may be written as one text. */
const lists = /^services\.[^.]+\.(?:env_file|label_file|dns|dns_opt|dns_search|tmpfs|extra_hosts|build\.extra_hosts)$/;
/** Lists of names that may be written as mappings. */
const named = /^services\.[^.]+\.(?:depends_on|networks|models)$/;
/** Lists of which an entry replaces an earlier one by what it is mounted at. */
const mounts = /^services\.[^.]+\.(?:secrets|configs|volumes)$/;

/** Merges an overriding tree into one, by the compose specification's rules. Keys of `path` are joined with dots. */
export function merge(base: Node, over: Node, path = ""): Node {
  if (over.tag === "reset") return emptyOf(over);
  if (over.tag === "override" || replaced.test(path)) return over;
  if (keyed.test(path)) return mergeKeyed(base, over);
  if (over.kind === "scalar" && over.text === undefined) return base;
  if (lists.test(path)) return sequence(unique([...itemsOf(base), ...itemsOf(over)], identity), over.at);
  if (named.test(path)) return mergeMappings(namesAsMapping(base), namesAsMapping(over), path);
  if (/^services\.[^.]+\.build$/.test(path)) return mergeMappings(buildAsMapping(base), buildAsMapping(over), path);
  if (base.kind === "mapping" && over.kind === "mapping") return mergeMappings(base, over, path);
  if (base.kind === "sequence" && over.kind === "sequence") {
    return sequence(unique([...base.items, ...over.items], mounts.test(path) ? targetOf : identity), over.at);
  }
  return over;
}

function mergeMappings(base: Mapping, over: Mapping, path: string): Mapping {
  const items = new Map(base.items);
  for (const [key, item] of over.items) {
    const before = items.get(key);
    if (item.tag === "reset") items.delete(key);
    else items.set(key, before === undefined ? item : merge(before, item, path === "" ? key : `${path}.${key}`));
  }
  return { ...over, items };
}

/** The tree without what is tagged `!reset`. */
export function withoutResets(node: Node): Node {
  if (node.kind === "mapping") {
    const kept = [...node.items].filter(([, item]) => item.tag !== "reset");
    return { ...node, items: new Map(kept.map(([key, item]) => [key, withoutResets(item)])) };
  }
  return node.kind === "sequence"
    ? { ...node, items: node.items.filter((item) => item.tag !== "reset").map(withoutResets) }
    : node;
}

/** A `!reset` finds only what was written as a mapping too: that is what compose does. */
function mergeKeyed(base: Node, over: Node): Mapping {
  const own = keyedMapping(over);
  const resets = [...own.items].filter(([, item]) => item.tag === "reset").map(([key]) => key);
  const kept = new Map(own.items);
  for (const key of resets) kept.delete(key);
  const before = keyedMapping(base);
  const left = base.kind === "mapping" ? [...before.items].filter(([key]) => !resets.includes(key)) : before.items;
  return keyedMapping(mapping(left, base.at), { ...own, items: kept });
}

function emptyOf(node: Node): Node {
  if (node.kind === "mapping") return mapping([], node.at);
  return node.kind === "sequence" ? sequence([], node.at) : { ...node, text: undefined, value: null };
}

/** `KEY=value` items as a mapping; a key alone has no value, and the last of a key counts. */
export function keyedMapping(...nodes: readonly Node[]): Mapping {
  const items = new Map<string, Node>();
  for (const node of nodes) {
    if (node.kind === "mapping") for (const [key, item] of node.items) items.set(key, item);
    else {
      for (const item of itemsOf(node)) {
        if (item.kind !== "scalar" || item.text === undefined) continue;
        const equals = item.text.text.indexOf("=");
        if (equals < 0) items.set(item.text.text, { kind: "scalar", at: item.at, text: undefined, value: null });
        else items.set(item.text.text.slice(0, equals), scalar(slice(item.text, equals + 1)));
      }
    }
  }
  return mapping(items, nodes[0]?.at ?? { file: "", line: 0 });
}

function namesAsMapping(node: Node): Mapping {
  if (node.kind === "mapping") return node;
  const empty = (item: Node): Node => ({ kind: "scalar", at: item.at, text: undefined, value: null });
  return mapping(
    itemsOf(node).map((item) => [item.kind === "scalar" ? (item.text?.text ?? "") : "", empty(item)] as const),
    node.at,
  );
}

function buildAsMapping(node: Node): Mapping {
  return node.kind === "mapping" ? node : mapping([["context", node]], node.at);
}

/** Keeps one item per key: the last, at the place of the first. */
function unique(items: readonly Node[], keyOf: (item: Node) => string): readonly Node[] {
  const kept = new Map<string, Node>();
  for (const item of items) kept.set(keyOf(item), item);
  return [...kept.values()];
}

function identity(item: Node): string {
  return JSON.stringify(item, (key, value: unknown) => {
    if (key === "at" || key === "spans") return undefined;
    return value instanceof Map ? [...(value as ReadonlyMap<string, unknown>)] : value;
  });
}

function targetOf(item: Node): string {
  const text = item.kind === "scalar" ? item.text?.text : undefined;
  if (text === undefined)
    return (get(item, "target") ?? get(item, "source"))?.kind === "scalar" ? fieldOf(item) : identity(item);
  const parts = text.split(":");
  return parts[1] ?? parts[0] ?? text;
}

function fieldOf(item: Node): string {
  const node = get(item, "target") ?? get(item, "source");
  return node?.kind === "scalar" ? String(node.value) : identity(item);
}

/** An empty tree to merge the first file into. */
export function nothing(): Mapping {
  return mapping([], literal("", { file: "", line: 0 }).at);
}
