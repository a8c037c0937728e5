/** Writes `manifest.schema.json` from the zod schema: `node runtime/schema.ts`. A test fails when the two differ. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { MANIFEST_SCHEMA_ID, manifestSchema } from "./manifest.ts";

/** Text of the published schema. */
export function schemaText(): string {
  const schema = z.toJSONSchema(manifestSchema, { target: "draft-2020-12" });
  return JSON.stringify({ $id: MANIFEST_SCHEMA_ID, ...schema }, null, 2) + "\n";
}

if (import.meta.main) {
  writeFileSync(fileURLToPath(new URL("manifest.schema.json", import.meta.url)), schemaText());
}
