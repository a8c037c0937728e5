import { at, isRecord } from "../model/properties.ts";

/** Ids and names of other resources: random-looking, and no secrets. Paths as in `values/holders.ts`, without `*`. */
const references: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "docker:index:Service": [
    ["taskSpec", "containerSpec", "secrets"],
    ["taskSpec", "containerSpec", "configs"],
    ["taskSpec", "networksAdvanceds"],
  ],
  "docker:index:Container": [["networksAdvanced"]],
};

/** The properties without those that only refer to other resources. */
export function withoutReferences(type: string, props: Readonly<Record<string, unknown>>): Record<string, unknown> {
  let rest: Record<string, unknown> = props;
  for (const path of (Object.hasOwn(references, type) ? references[type] : undefined) ?? []) {
    if (at(rest, ...path) !== undefined) rest = emptied(rest, path);
  }
  return rest;
}

function emptied(record: Record<string, unknown>, [key, ...path]: readonly string[]): Record<string, unknown> {
  if (key === undefined) return record;
  const value = record[key];
  if (path.length === 0) return { ...record, [key]: undefined };
  return isRecord(value) ? { ...record, [key]: emptied(value, path) } : record;
}
