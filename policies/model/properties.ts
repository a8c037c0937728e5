/**
 * What the engine sends in place of a value that a preview can't know yet, one for each type of value
 * (Pulumi's SDK, `sdk/nodejs/runtime/rpc.ts`).
 */
export const unknownValues: ReadonlySet<unknown> = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export const isUnknown = (value: unknown): boolean => unknownValues.has(value);

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path of keys, or undefined: where any part is missing, of another type, or not known yet. */
export function at(tree: unknown, ...path: readonly (string | number)[]): unknown {
  let value = tree;
  for (const key of path) {
    if (Array.isArray(value)) value = (value as unknown[])[Number(key)];
    else if (isRecord(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return isUnknown(value) ? undefined : value;
}

/** The list at a path; empty where there is none. */
export function listAt(tree: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const value = at(tree, ...path);
  return Array.isArray(value) ? value : [];
}

/** The text at a path, if it is one. */
export function textAt(tree: unknown, ...path: readonly (string | number)[]): string | undefined {
  const value = at(tree, ...path);
  return typeof value === "string" ? value : undefined;
}

/** The number at a path, also where it is written as text. */
export function numberAt(tree: unknown, ...path: readonly (string | number)[]): number | undefined {
  const value = at(tree, ...path);
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\d+$/.test(value) ? Number(value) : undefined;
}

/** Whether a path's value exists but is not known yet. */
export function isUnknownAt(tree: unknown, ...path: readonly (string | number)[]): boolean {
  const last = path.at(-1);
  const parent = at(tree, ...path.slice(0, -1));
  return last !== undefined && isRecord(parent) && isUnknown(parent[last]);
}

/** The canonical token of either of Pulumi's two spellings: `docker:index/service:Service` is `docker:index:Service`. */
export function canonicalType(token: string): string {
  const [pkg, module, type, ...rest] = token.split(":");
  if (pkg === undefined || module === undefined || type === undefined || rest.length > 0) return token;
  const [first, last] = [module.slice(0, module.lastIndexOf("/")), module.slice(module.lastIndexOf("/") + 1)];
  const repeated = module.includes("/") && last.toLowerCase() === type.toLowerCase();
  return `${pkg}:${repeated ? first : module}:${type}`;
}
