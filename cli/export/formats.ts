import { stringify } from "yaml";
import { encoders } from "../import/find/encodings.ts";
import type { Value } from "../import/find/value.ts";
import type { ExportedStack } from "./values.ts";

/** A `.env` file that compose reads back to exactly these values. It holds them in the clear. */
export function envFile({ values, encoded }: ExportedStack): string {
  const lines = [...values].map(([name, value]) => `${name}=${quoteEnv(value.reveal())}`);
  for (const { variable, entry, encoding } of encoded) {
    const value = values.get(entry);
    if (value !== undefined) lines.push(`${variable}=${quoteEnv(encoders[encoding](value.reveal()))}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Single quotes keep everything but themselves and a backslash; in double quotes those are escaped. */
export function quoteEnv(text: string): string {
  if (!/['\\]/.test(text)) return `'${text}'`;
  return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("$", "$$$$")}"`;
}

/** What to put beside a compose file: each service's secrets, taken from variables of the same names. It holds no value. */
export function composeFile({ values, consumers }: ExportedStack): string {
  const names = [...values.keys()];
  const services = [...new Set(names.flatMap((name) => consumers.get(name) ?? []))].sort();
  const granted = (service: string): readonly string[] =>
    names.filter((name) => consumers.get(name)?.includes(service) === true);
  return stringify(
    {
      services: Object.fromEntries(services.map((service) => [service, { secrets: granted(service) }])),
      secrets: Object.fromEntries(names.map((name) => [name, { environment: name }])),
    },
    { lineWidth: 0 },
  );
}

/** The values as plain text, in the order of the names. */
export function plainOf(values: ReadonlyMap<string, Value>): readonly (readonly [string, string])[] {
  return [...values].map(([name, value]) => [name, value.reveal()]);
}
