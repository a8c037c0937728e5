#!/usr/bin/env node
import { text } from "node:stream/consumers";
import { at, canonicalType, isRecord, textAt } from "./model/properties.ts";
import type { Resource } from "./model/rule.ts";
import { stateResources } from "./state/generations.ts";
import { fingerprint, publishable } from "./values/fingerprint.ts";
import { valuesOf } from "./values/known.ts";

/**
 * Reads a decrypted export of a stack on standard input and prints the fingerprints of its values as a JSON list, for
 * the setting `otherStacks` of `key-material`. Values are never written anywhere.
 */
const values = stateResources(JSON.parse(await text(process.stdin))).flatMap((resource) =>
  valuesOf(decrypted(resource)).map(({ value }) => value),
);
const published = values.filter(publishable).map(fingerprint);
process.stdout.write(`${JSON.stringify([...new Set(published)].sort(), undefined, 2)}\n`);
const left = values.length - values.filter(publishable).length;
if (left > 0) process.stderr.write(`${left} values are not random enough for their fingerprints to be published\n`);

function decrypted(resource: unknown): Resource {
  const outputs = at(resource, "outputs");
  const inputs = at(resource, "inputs");
  const props = { ...(isRecord(inputs) ? inputs : {}), ...(isRecord(outputs) ? outputs : {}) };
  return {
    urn: textAt(resource, "urn") ?? "",
    type: canonicalType(textAt(resource, "type") ?? ""),
    name: (textAt(resource, "urn") ?? "").split("::").at(-1) ?? "",
    props: Object.fromEntries(Object.entries(props).map(([key, value]) => [key, plain(value)])),
    deleteBeforeReplace: false,
    dependsOn: new Map(),
    after: [],
  };
}

/** `--show-secrets` writes a value as JSON text in `plaintext`. */
function plain(value: unknown): unknown {
  const json = textAt(value, "plaintext");
  return json === undefined ? value : (JSON.parse(json) as unknown);
}
