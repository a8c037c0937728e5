/** What a service calls first: reads the manifest and every file it grants, checks them all, or refuses to start. */
import { readFile, stat } from "node:fs/promises";
import { checkAll, type CheckResult } from "./checks.ts";
import { EXIT_CONFIG, findingLine, SecretsError, sortFindings, wholeFinding, type Finding } from "./findings.ts";
import { MANIFEST_PATH, parseManifest, type Manifest } from "./manifest.ts";
import { createProvider, type SecretProvider } from "./provider.ts";
import { ProviderError } from "./providerError.ts";
import { LoadedSecrets, type Secrets } from "./secrets.ts";

/** Largest manifest that is read, in bytes; Docker's limit of a config is 1000 KiB. */
const MAX_MANIFEST_BYTES = 1_024_000;

export interface LoadOptions {
  /** Manifest instead of `SECRETS_MANIFEST` (its text), or the file at `SECRETS_MANIFEST_FILE` (default `/run/goimg/manifest.json`). */
  manifest?: Manifest;
  /** Environment; `process.env` by default. Read: SECRETS_MANIFEST, SECRETS_MANIFEST_FILE, SECRET_PROVIDER, GOIMG_ENV. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Name of the service that is starting; a manifest of another service is refused. */
  service?: string;
  /** Provider instead of the one that `SECRET_PROVIDER` names (default `docker`). */
  provider?: SecretProvider;
}

/** Everything the checks know; `manifest` is null when there is none to check against. */
export interface Inspection extends CheckResult {
  readonly manifest: Manifest | null;
  readonly service: string | null;
}

/** Runs every check and never rejects for damage; `loadSecrets` and the command `check.ts` both stand on it. */
export async function inspectSecrets(options: LoadOptions = {}): Promise<Inspection> {
  const env = options.env ?? process.env;
  const loaded = await loadManifest(options, env);
  if (!("manifest" in loaded)) return stopped([loaded.finding], null, options.service ?? null);
  const { manifest } = loaded;
  const service = manifest.service;
  if (options.service !== undefined && options.service !== service) {
    const message = `The manifest is for the service ${service}, not ${options.service}; mount its own`;
    return stopped([wholeFinding("manifest-wrong-service", message)], manifest, options.service);
  }
  const provider = makeProvider(options, manifest, env);
  if ("reason" in provider) return stopped([provider], manifest, service);
  const result = await checkAll(manifest, provider);
  await provider.close?.();
  return { ...result, manifest, service };
}

/** Rejects with `SecretsError`, which holds every finding at once and no value. */
export async function loadSecrets(options: LoadOptions = {}): Promise<Secrets> {
  const { findings, manifest, service, values } = await inspectSecrets(options);
  if (findings.length > 0 || !manifest) throw new SecretsError(findings, service);
  return new LoadedSecrets(manifest, values);
}

/**
 * `loadSecrets`, but prints each finding as a JSON line on stderr and exits with 78 when there is one. The exit code
 * is EX_CONFIG: trying again does not help, so an operator can tell it from a crash.
 */
export async function startOrExit(options: LoadOptions = {}): Promise<Secrets> {
  try {
    return await loadSecrets(options);
  } catch (error) {
    const lines =
      error instanceof SecretsError
        ? error.findings.map((f) => findingLine(f, error.service))
        : [
            findingLine(
              wholeFinding("provider-unavailable", "The checks failed to run; report this"),
              options.service ?? null,
            ),
          ];
    // Written whole before the exit: process.exit() does not wait for a pipe.
    await new Promise<void>((done) => {
      process.stderr.write(lines.join("\n") + "\n", () => {
        done();
      });
    });
    process.exit(EXIT_CONFIG);
  }
}

function stopped(findings: Finding[], manifest: Manifest | null, service: string | null): Inspection {
  return { findings: sortFindings(findings), values: new Map(), manifest, service };
}

type Env = NonNullable<LoadOptions["env"]>;

/** The path is never quoted: a variable that was set wrongly may hold anything. */
async function loadManifest(options: LoadOptions, env: Env): Promise<{ manifest: Manifest } | { finding: Finding }> {
  if (options.manifest) return { manifest: options.manifest };
  if (env["SECRETS_MANIFEST"]) return parsed(env["SECRETS_MANIFEST"], "SECRETS_MANIFEST");
  const path = env["SECRETS_MANIFEST_FILE"] || MANIFEST_PATH;
  const where = env["SECRETS_MANIFEST_FILE"] ? "the path in SECRETS_MANIFEST_FILE" : MANIFEST_PATH;
  let json: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_MANIFEST_BYTES) {
      return {
        finding: wholeFinding("manifest-invalid", `The manifest at ${where} is too large; mount the right file`),
      };
    }
    json = await readFile(path, "utf8");
  } catch {
    return {
      finding: wholeFinding("manifest-missing", `There is no manifest to read at ${where}; mount the service's config`),
    };
  }
  return parsed(json, where);
}

function parsed(json: string, where: string): { manifest: Manifest } | { finding: Finding } {
  const result = parseManifest(json);
  if (result.ok) return { manifest: result.manifest };
  const problems = result.problems.slice(0, 10).join(", ");
  const message = `The manifest at ${where} is not valid (${problems}); deploy it from the same release as the service`;
  return { finding: wholeFinding("manifest-invalid", message) };
}

/** Production is what either the manifest or GOIMG_ENV calls so: neither alone can weaken the other. */
function makeProvider(options: LoadOptions, manifest: Manifest, env: Env): SecretProvider | Finding {
  const production = manifest.production || env["GOIMG_ENV"] === "production";
  try {
    const name = env["SECRET_PROVIDER"] || "docker";
    const provider = options.provider ?? createProvider(name, { directory: manifest.directory, env });
    if (!production || provider.allowedInProduction) return provider;
    const message = `The provider ${provider.name} is for development and this is production; set SECRET_PROVIDER=docker`;
    return wholeFinding("provider-not-allowed", message);
  } catch (error) {
    if (error instanceof ProviderError) return wholeFinding(error.reason, `SECRET_PROVIDER ${error.message}`);
    return wholeFinding("provider-unavailable", "The provider can't be made; look at its own log");
  }
}
