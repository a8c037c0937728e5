import { commandSecret } from "./commands.ts";
import { isRandomBase64, isRandomHex, isRandomSingleCase } from "./entropy.ts";
import { classifyName } from "./names.ts";
import type { Finding } from "./index.ts";
import { vendorToken } from "./formats.ts";

/** One finding in a tree: the path of property names to it, and what was found. */
export interface TreeFinding {
  path: string;
  finding: Finding;
}

type Detect = (name: string, value: string) => Finding | undefined;

interface Node {
  readonly value: unknown;
  readonly name: string;
  readonly parent: Node | undefined;
}

const nodeLimit = 1_000_000;
const pathParts = 64;
const commandName = /^(?:command|cmd|args|arguments|entry_?point|test|healthcheck|exec|run|script)s?$/i;
const environmentEntry = /^([A-Za-z_][\w.-]{0,127})=(?!=?$)([\s\S]+)$/;

/** A property's name as it may stand in a path or a report: short, and masked when it is a token itself. */
export function safeName(name: string): string {
  if (name.length > 128) return `${name.slice(0, 16)}…`;
  const random = isRandomHex(name, 24) || isRandomBase64(name, 24) || isRandomSingleCase(name, 24);
  return random || vendorToken(name, false) !== undefined || /:\/\/[^/]*:[^/]*@/.test(name) ? "[masked]" : name;
}

/**
 * May a name that the tree holds as a value (`{ name: "X" }`, `"X=…"`) stand in a path? Only when it is written as
 * variables are: anything else might be a value itself.
 */
function isVariableName(name: string): boolean {
  if (/^[A-Z]{1,20}\d{0,2}(?:_{1,2}[A-Z]{0,20}\d{0,2}){0,12}$/.test(name)) return true;
  return /^[A-Za-z]{1,24}(?:[._-]{1,2}[A-Za-z]{1,24}){0,8}$/.test(name) && classifyName(name) !== "neutral";
}

function pathOf(node: Node, last?: string): string {
  const parts: string[] = last === undefined ? [] : [safeName(last)];
  for (let at: Node | undefined = node; at.parent !== undefined && parts.length < pathParts; at = at.parent)
    parts.push(safeName(at.name));
  return parts.reverse().join(".").replace(/\.\[/g, "[");
}

/** Reads a property without trusting it: a getter or a proxy may throw. */
function read(holder: object, key: string): unknown {
  try {
    return (holder as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function keysOf(holder: object): string[] {
  try {
    return Object.keys(holder);
  } catch {
    return [];
  }
}

/** `{ name: "X", value: "…" }` and its spellings in ECS, Kubernetes, App Platform and CloudFormation. */
function namedValue(holder: object, keys: readonly string[]): { name: string; key: string } | undefined {
  const valueKey = keys.find((key) => key === "value" || key === "Value");
  if (valueKey === undefined) return undefined;
  for (const key of ["name", "Name", "key", "Key", "variable"]) {
    const name = keys.includes(key) ? read(holder, key) : undefined;
    if (typeof name === "string" && name !== "") return { name, key: valueKey };
  }
  return undefined;
}

/** A JSON Web Key with a private part. */
function isPrivateJwk(holder: object, keys: readonly string[]): boolean {
  if (!keys.includes("kty")) return false;
  const part = read(holder, read(holder, "kty") === "oct" ? "k" : "d");
  return typeof part === "string" && part.length >= 16;
}

/** Walks a tree without recursion and without following a cycle; see `detectTree`. */
export function walkTree(tree: unknown, detect: Detect, rootName = ""): TreeFinding[] {
  const findings: TreeFinding[] = [];
  const seen = new WeakSet();
  const stack: Node[] = [{ value: tree, name: rootName, parent: undefined }];
  const add = (node: Node, finding: Finding | undefined, last?: string): boolean => {
    if (finding !== undefined) findings.push({ path: pathOf(node, last), finding });
    return finding !== undefined;
  };
  for (let count = 0; stack.length > 0 && count < nodeLimit; count++) {
    const node = stack.pop();
    if (node === undefined) break;
    const { value, name } = node;
    if (typeof value === "string") add(node, detect(name, value));
    else if (typeof value === "number" || typeof value === "bigint") add(node, detect(name, String(value)));
    else if (typeof value === "object" && value !== null && !seen.has(value) && !ArrayBuffer.isView(value)) {
      seen.add(value);
      if (isArray(value)) pushArray(value, node, stack, detect, add);
      else pushObject(value, node, stack, detect, add);
    }
  }
  return findings;
}

function isArray(value: object): value is unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function lengthOf(items: unknown[]): number {
  try {
    return Math.min(items.length, nodeLimit);
  } catch {
    return 0;
  }
}

type Add = (node: Node, finding: Finding | undefined, last?: string) => boolean;

function pushArray(items: unknown[], node: Node, stack: Node[], detect: Detect, add: Add): void {
  let found = false;
  const length = lengthOf(items);
  const words: string[] = [];
  for (let at = length - 1; at >= 0; at--) {
    const item = read(items, String(at));
    if (typeof item !== "string") {
      stack.push({ value: item, name: `[${at}]`, parent: node });
      continue;
    }
    words.push(item);
    const entry = environmentEntry.exec(item);
    if (entry?.[1] !== undefined && entry[2] !== undefined && !/^-/.test(item))
      found = add(node, detect(entry[1], entry[2]), isVariableName(entry[1]) ? entry[1] : `[${at}]`) || found;
    else found = add(node, detect(listName(node.name), item), `[${at}]`) || found;
  }
  if (
    !found &&
    words.length > 1 &&
    words.length <= 4096 &&
    (commandName.test(node.name) || words.some((word) => word.startsWith("-")))
  ) {
    const finding = { rule: "command-argument", message: "a secret stands among the words of a command" };
    add(node, commandSecret(words.reverse().join(" ")) ? finding : undefined);
  }
}

/** Items of a list called `secrets` or `tokens` are names as often as values: the list's name says nothing of them. */
function listName(name: string): string {
  return /^(?:secrets|credentials|\[\d+\])$/i.test(name) || commandName.test(name) ? "" : name;
}

function pushObject(holder: object, node: Node, stack: Node[], detect: Detect, add: Add): void {
  const keys = keysOf(holder);
  const named = namedValue(holder, keys);
  const isKey = keys.includes("kty");
  if (isPrivateJwk(holder, keys)) add(node, { rule: "private-jwk", message: "a JSON Web Key with its private part" });
  for (let at = keys.length - 1; at >= 0; at--) {
    const key = keys[at] ?? "";
    if (isKey && /^(?:n|e|x|y|x5[ctu].*|kid)$/.test(key)) continue;
    const value = read(holder, key);
    if (named?.key === key && typeof value === "string")
      add(node, detect(named.name, value), isVariableName(named.name) ? named.name : key);
    else stack.push({ value, name: key, parent: node });
  }
}
