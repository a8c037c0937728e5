import { at, isRecord } from "../model/properties.ts";
import type { Resource } from "../model/rule.ts";

/** Ids and names of other resources: random-looking, and no secrets. Paths as in `values/holders.ts`, without `*`. */
const references: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "docker:index:Service": [
    ["taskSpec", "containerSpec", "secrets"],
    ["taskSpec", "containerSpec", "configs"],
    ["taskSpec", "networksAdvanceds"],
  ],
  "docker:index:Container": [["networksAdvanced"]],
};

/** The properties without those that only refer to other resources, and without a name that Pulumi made. */
export function withoutReferences({
  type,
  name,
  props,
}: Pick<Resource, "type" | "name" | "props">): Record<string, unknown> {
  let rest: Record<string, unknown> = isAutonamed(name, props) ? { ...props, name: undefined } : props;
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

/** Pulumi's automatic names: the resource's own, and seven random hexadecimal digits, which look like a piece of a key now and then. */
function isAutonamed(own: string, { name }: Readonly<Record<string, unknown>>): boolean {
  return typeof name === "string" && name.startsWith(own) && /^-[0-9a-f]{7}$/.test(name.slice(own.length));
}
