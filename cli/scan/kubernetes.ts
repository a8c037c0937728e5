import { Buffer } from "node:buffer";
import type { YAMLMap } from "yaml";
import { isMap } from "yaml";
import type { ScanEntry } from "./entries.ts";
import { textOf } from "./manifest.ts";

/** Every literal in the `data` and `stringData` of a Secret's manifest, `data` decoded. */
export function readSecretManifest(
  manifest: YAMLMap,
  service: string | undefined,
  lineOf: (node: unknown) => number,
): ScanEntry[] {
  const entries: ScanEntry[] = [];
  for (const field of ["data", "stringData"]) {
    const values: unknown = manifest.get(field, true);
    if (!isMap(values)) continue;
    for (const pair of values.items) {
      const text = textOf(pair.value);
      const name = textOf(pair.key) ?? "";
      if (text === undefined) continue;
      const value = field === "data" && !/[${]/.test(text) ? Buffer.from(text, "base64").toString("utf8") : text;
      entries.push({ line: lineOf(pair.value), service, name, value, place: "kubernetes-secret" });
    }
  }
  return entries;
}
