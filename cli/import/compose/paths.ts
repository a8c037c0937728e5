import { homedir } from "node:os";
import path from "node:path";
import type { Mapping, Node } from "./node.ts";
import { get, mapping, pairs, scalar, withItem } from "./node.ts";
import { literal } from "./traced.ts";

/** A path of a file, from the folder that it is relative to. */
export function absolute(file: string, folder: string): string {
  return path.resolve(folder, file.replace(/^~(?=\/|$)/, homedir()));
}

/** Is this a file on this machine, and not an address that compose would fetch? */
export function isLocal(file: string): boolean {
  return !/^(?:[a-z][a-z0-9+.-]*:\/\/|git@|github\.com\/|oci:)|\.git(?:#|$)/i.test(file);
}

/** A file's tree, with the paths in it made absolute: files in other folders refer to their own. */
export function resolvePaths(tree: Mapping, folder: string): Mapping {
  let resolved = tree;
  const services = get(tree, "services");
  if (services?.kind === "mapping")
    resolved = withItem(
      resolved,
      "services",
      eachItem(services, (each) => service(each, folder)),
    );
  for (const kind of ["secrets", "configs"]) {
    const declared = get(tree, kind);
    if (declared?.kind === "mapping")
      resolved = withItem(
        resolved,
        kind,
        eachItem(declared, (each) => change(each, ["file"], (file) => absolute(file, folder))),
      );
  }
  return resolved;
}

function eachItem(node: Mapping, map: (item: Node) => Node): Mapping {
  return mapping(
    pairs(node).map(([key, item]) => [key, map(item)] as const),
    node.at,
  );
}

function service(node: Node, folder: string): Node {
  const local = (file: string): string => (isLocal(file) ? absolute(file, folder) : file);
  let resolved = change(node, ["build"], local);
  resolved = change(resolved, ["build", "context"], local);
  for (const key of ["env_file", "label_file"])
    resolved = changeItems(resolved, key, (item) => change(change(item, [], local), ["path"], local));
  resolved = change(resolved, ["extends", "file"], local);
  return changeItems(resolved, "volumes", (item) => {
    const bind = (source: string): string => (/^(?:\.|~)/.test(source) ? absolute(source, folder) : source);
    const short = change(item, [], (text) => text.replace(/^[^:]+(?=:)/, bind));
    return change(short, ["source"], bind);
  });
}

/** Changes the text at a path of keys, if there is one. */
function change(node: Node, keys: readonly string[], map: (text: string) => string): Node {
  const [key, ...rest] = keys;
  if (key === undefined) {
    if (node.kind !== "scalar" || node.text === undefined) return node;
    const text = map(node.text.text);
    return text === node.text.text ? node : scalar(literal(text, node.at));
  }
  const child = get(node, key);
  return node.kind === "mapping" && child !== undefined ? withItem(node, key, change(child, rest, map)) : node;
}

function changeItems(node: Node, key: string, map: (item: Node) => Node): Node {
  const child = get(node, key);
  if (node.kind !== "mapping" || child === undefined) return node;
  return withItem(node, key, child.kind === "sequence" ? { ...child, items: child.items.map(map) } : map(child));
}
