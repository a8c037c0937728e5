import { isRecord, isUnknown } from "../model/properties.ts";
import { fromJson } from "./encodings.ts";

/** A tree deeper than this is no configuration, and may have no end. */
const deepest = 64;

/**
 * A resource's properties as the detector reads them: texts that are JSON opened, so that a finding's path leads into
 * them (`containerDefinitions[0].environment.DB_PASSWORD`); Docker's `{ label, value }` as `{ name, value }`; values
 * that are not known yet left out.
 */
export function readable(tree: unknown, depth = 0): unknown {
  if (isUnknown(tree) || depth > deepest) return undefined;
  if (typeof tree === "string") {
    const json = fromJson(tree);
    return json === undefined ? tree : readable(json, depth + 1);
  }
  if (Array.isArray(tree)) return (tree as readonly unknown[]).map((item) => readable(item, depth + 1));
  if (!isRecord(tree)) return tree;
  const isLabel = typeof tree["label"] === "string" && typeof tree["value"] === "string";
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(tree)) {
    // Not an assignment: a key may be `__proto__`.
    Object.defineProperty(copy, isLabel && key === "label" ? "name" : key, {
      value: readable(value, depth + 1),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return copy;
}
