/**
 * All checks of one service's secrets, in one pass that never stops at the first error: the manifest against itself,
 * each file against its format, and the values against each other. Returns findings and, when there are none, values.
 */
import type { KeyObject } from "node:crypto";
import type { Finding, Reason } from "./findings.ts";
import { sortFindings, wholeFinding } from "./findings.ts";
import { checkValue } from "./format.ts";
import type { Manifest, ManifestEntry, ManifestSecret } from "./manifest.ts";
import { fileNameOf } from "./manifest.ts";
import { isPair } from "./pem.ts";
import type { SecretProvider } from "./provider.ts";
import { ProviderError } from "./providerError.ts";

/** One file that was read: where it belongs, and its bytes. */
interface Reading {
  readonly secret: ManifestSecret;
  readonly entry: ManifestEntry;
  readonly generation: number;
  readonly value: Buffer | null;
  readonly findings: Finding[];
}

/** Values by entry and generation; filled for every file that was read, whether or not it is valid. */
export type Values = Map<string, Map<number, string>>;

export interface CheckResult {
  /** Sorted; empty when the service may start. */
  readonly findings: Finding[];
  readonly values: Values;
}

/** Where a finding belongs. */
interface Place {
  readonly secret: string;
  readonly entry?: string;
  readonly generation?: number;
}

/** Checks everything that the manifest grants with what the provider holds. Never rejects. */
export async function checkAll(manifest: Manifest, provider: SecretProvider): Promise<CheckResult> {
  const findings = consistencyFindings(manifest);
  const readings = await Promise.all(filesOf(manifest).map((file) => readOne(provider, file)));
  const keys = new Map<string, KeyObject>();
  const values: Values = new Map();
  for (const reading of readings) {
    findings.push(...reading.findings);
    if (reading.value === null) continue;
    findings.push(...valueFindings(reading, reading.value, keys));
    const byGeneration = values.get(reading.entry.name) ?? new Map<number, string>();
    values.set(reading.entry.name, byGeneration.set(reading.generation, reading.value.toString("utf8")));
  }
  findings.push(...pairFindings(manifest, keys), ...sameValueFindings(readings));
  findings.push(...(await grantFindings(manifest, provider)));
  return { findings: sortFindings(findings), values };
}

/** The finding for a place; the message starts with its name, so that it can stand alone in a log. */
export function findingAt(place: Place, reason: Reason, message: string): Finding {
  const name = place.entry ?? place.secret;
  const subject = place.generation === undefined ? name : `${name} generation ${place.generation}`;
  return {
    secret: place.secret,
    entry: place.entry ?? null,
    generation: place.generation ?? null,
    reason,
    message: `${subject} ${message}`,
  };
}

/** What only holds between the fields of a manifest. */
export function consistencyFindings(manifest: Manifest): Finding[] {
  const entryNames = manifest.secrets.flatMap((s) => s.entries.map((e) => e.name));
  return [
    ...repeated(manifest.secrets.map((s) => s.name)).map((name) =>
      findingAt({ secret: name }, "manifest-inconsistent", "is listed twice in the manifest; list it once"),
    ),
    ...repeated(entryNames).map((name) =>
      findingAt({ secret: name }, "manifest-inconsistent", "is an entry of two secrets; list it once"),
    ),
    ...manifest.secrets.flatMap((secret) => [
      ...generationFindings(secret),
      ...secret.entries.flatMap((entry) => fileFindings(secret, entry)),
    ]),
  ];
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
}

function generationFindings(secret: ManifestSecret): Finding[] {
  const inconsistent = (message: string): Finding =>
    findingAt({ secret: secret.name }, "manifest-inconsistent", message);
  const { live, active } = secret;
  const findings: Finding[] = [];
  if (live.some((g, i) => i > 0 && g <= (live[i - 1] ?? 0))) {
    findings.push(inconsistent("lists its live generations out of order or twice; list them ascending"));
  }
  if (active === null ? live.length > 0 : !live.includes(active)) {
    findings.push(inconsistent("has an active generation that is not live; set active to one of live"));
  }
  if (secret.required && live.length === 0) {
    const message = "is required and has no live generation; publish one";
    findings.push(findingAt({ secret: secret.name }, "required-off", message));
  }
  return findings;
}

function fileFindings(secret: ManifestSecret, entry: ManifestEntry): Finding[] {
  const place = (generation: number): Place => ({ secret: secret.name, entry: entry.name, generation });
  const without = secret.live
    .filter((g) => entry.files[String(g)] === undefined)
    .map((g) => findingAt(place(g), "generation-without-file", "is live and has no file in the manifest; add it"));
  const wrong = Object.entries(entry.files).flatMap(([g, file]) => {
    const at = place(Number(g));
    if (!secret.live.includes(Number(g))) {
      return [findingAt(at, "manifest-inconsistent", "has a file and is not live; take the file out of the manifest")];
    }
    const due = fileNameOf(entry.name, Number(g), secret.active);
    return file === due ? [] : [findingAt(at, "manifest-inconsistent", `must have the file ${due}; name it so`)];
  });
  return [...without, ...wrong];
}

type File = Pick<Reading, "secret" | "entry" | "generation"> & { readonly fileName: string };

function filesOf(manifest: Manifest): File[] {
  return manifest.secrets.flatMap((secret) =>
    secret.entries.flatMap((entry) =>
      Object.entries(entry.files).map(([g, fileName]) => ({ secret, entry, generation: Number(g), fileName })),
    ),
  );
}

async function readOne(provider: SecretProvider, file: File): Promise<Reading> {
  try {
    return {
      ...file,
      value: await provider.read(file.fileName, { entry: file.entry.name, generation: file.generation }),
      findings: [],
    };
  } catch (error) {
    // Only a ProviderError's words are known to be free of values.
    const known = error instanceof ProviderError;
    const message = known ? error.message : `can't be read by the provider ${provider.name}; look at its own log`;
    const at = { secret: file.secret.name, entry: file.entry.name, generation: file.generation };
    return { ...file, value: null, findings: [findingAt(at, known ? error.reason : "unreadable", message)] };
  }
}

function valueFindings(reading: Reading, value: Buffer, keys: Map<string, KeyObject>): Finding[] {
  const { secret, entry, generation } = reading;
  const at = { secret: secret.name, entry: entry.name, generation };
  const { problems, key } = checkValue(value, entry.format);
  if (key) keys.set(`${entry.name}#${generation}`, key);
  return problems.map((p) => findingAt(at, p.reason, p.message));
}

/** A pair that was not granted can't be compared; a half that is damaged has its own finding. */
function pairFindings(manifest: Manifest, keys: ReadonlyMap<string, KeyObject>): Finding[] {
  return filesOf(manifest).flatMap(({ secret, entry, generation }) => {
    if (entry.format.type !== "rsaPrivateKeyPem" && entry.format.type !== "tlsPrivateKeyPem") return [];
    const privateKey = keys.get(`${entry.name}#${generation}`);
    const publicKey = keys.get(`${entry.format.pair}#${generation}`);
    if (!privateKey || !publicKey || isPair(privateKey, publicKey)) return [];
    const message = `is not the private key of ${entry.format.pair}; mount both halves of one generation`;
    return [findingAt({ secret: secret.name, entry: entry.name, generation }, "pair-mismatch", message)];
  });
}

/** Equal values mean that a rotation did not rotate, or that one leak opens two doors. Each of the equal ones is told. */
function sameValueFindings(readings: readonly Reading[]): Finding[] {
  const byValue = Map.groupBy(readings, (reading) => reading.value?.toString("latin1").trim() ?? "");
  byValue.delete("");
  return [...byValue.values()].flatMap((equal) =>
    equal.flatMap((one) => equal.filter((other) => other !== one).map((other) => sameValueFinding(one, other))),
  );
}

function sameValueFinding({ secret, entry, generation }: Reading, other: Reading): Finding {
  const same = entry.name === other.entry.name;
  const what = same ? `generation ${other.generation}` : other.entry.name;
  return findingAt(
    { secret: secret.name, entry: entry.name, generation },
    same ? "same-value-in-generations" : "same-value-in-secrets",
    `has the same value as ${what}; publish a new generation with a value of its own`,
  );
}

async function grantFindings(manifest: Manifest, provider: SecretProvider): Promise<Finding[]> {
  if (!provider.list) return [];
  const granted = new Set(filesOf(manifest).map((file) => file.fileName));
  const extra = (await provider.list().catch(() => [])).filter((name) => !granted.has(name));
  return extra.map((name) => {
    const message = "is mounted and not in the manifest; take the mount away or grant it in the catalog";
    if (/^[A-Z][A-Z0-9_]{0,47}(\.\d{1,7})?$/.test(name)) return findingAt({ secret: name }, "not-granted", message);
    return wholeFinding("not-granted", `A file that is named like no secret ${message}`);
  });
}
