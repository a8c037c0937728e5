import type { Readable } from "node:stream";
import type { Format } from "../../components/catalog/types.ts";
import { secretSpecs, type SecretName } from "../../components/catalog/grants.ts";
import { checkValue } from "../../runtime/format.ts";
import { certificateProblems, isOther } from "../../components/secrets/certificate.ts";
import { OperatorError } from "../error.ts";
import type { EntryValues } from "./providers/provider.ts";

/** Longest input: 64 entries of the longest value would fit. In bytes. */
const longest = 262_144;

/**
 * Reads the new value of a secret from standard input: the value itself, of which one newline at the end is not a part, or,
 * for a secret of several entries, a JSON object of all of them.
 *
 * @throws OperatorError with every problem, never with the value: a terminal, no JSON, entries that are missing or unknown
 */
export async function readValues(
  secret: SecretName,
  input: Readable & { readonly isTTY?: boolean },
): Promise<EntryValues> {
  const names = Object.keys(secretSpecs[secret].entries);
  if (input.isTTY === true) {
    const piped = `read -rs V; printf %s "$V" | npx goimg-secrets rotate ${secret} --value-stdin; unset V`;
    throw new OperatorError(`--value-stdin: a terminal would show the value; type it unseen, with: ${piped}`, 2);
  }
  const text = (await readAll(input)).replace(/\r?\n$/, "");
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return { [only]: text };
  const expected = `--value-stdin: ${secret} has several entries, a JSON object is expected: {${names.map((name) => `"${name}": "…"`).join(", ")}}`;
  const parsed = parseObject(text);
  if (parsed === undefined) throw new OperatorError(expected, 2);
  const problems = [
    ...names
      .filter((name) => typeof parsed[name] !== "string")
      .map((name) => `${name}: ${Object.hasOwn(parsed, name) ? "a text is expected" : "it is missing"}`),
    // Not by name: a value that was pasted in the wrong place would be shown.
    ...(Object.keys(parsed).some((name) => !names.includes(name)) ? ["there are entries of other names"] : []),
  ];
  if (problems.length > 0)
    throw new OperatorError(`${expected}\n${problems.map((line) => `  - ${line}`).join("\n")}`, 2);
  return parsed as EntryValues;
}

/**
 * Everything that is wrong with a new value by the catalog: what the services that get it would refuse at their start.
 *
 * @param present the value that is active now, which a new one must differ from
 */
export function problemsOf(secret: SecretName, values: EntryValues, present: EntryValues): readonly string[] {
  const entries = Object.entries(secretSpecs[secret].entries);
  const malformed = entries.flatMap(([entry, { format }]) =>
    checkValue(Buffer.from(values[entry] ?? ""), format).problems.map(
      ({ message }) => `${entry}: the value ${message}`,
    ),
  );
  const refused =
    malformed.length > 0 ? [] : entries.flatMap(([entry, { format }]) => tlsProblems(entry, format, values));
  const same = entries.every(([entry]) => values[entry] === present[entry]);
  return same
    ? [...malformed, ...refused, `${secret}: this is the value that is in use now; get a new one from its issuer`]
    : [...malformed, ...refused];
}

/** What clients would refuse of a certificate and its key. Which host they ask for is known to the stack's program, which looks too. */
function tlsProblems(entry: string, format: Format, values: EntryValues): readonly string[] {
  const value = values[entry] ?? "";
  if (format.type === "tlsPrivateKeyPem" && isOther(value, values[format.pair]))
    return [`${entry}: the value is not the private key of ${format.pair}`];
  if (format.type !== "tlsCertificatePem") return [];
  return certificateProblems(value, { now: new Date() }).map((problem) => `${entry}: the certificate ${problem}`);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

async function readAll(input: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input as AsyncIterable<Buffer | string>) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > longest) throw new OperatorError(`--value-stdin: more than ${longest} bytes came`, 2);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}
