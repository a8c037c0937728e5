/**
 * Where values come from. A provider hands out the bytes of one file of the manifest and knows nothing of formats; the
 * registry maps `SECRET_PROVIDER` to one and is open: `registerProvider("myStore", …)` in the service's own main.
 */
import { appPlatformProvider } from "./appPlatform.ts";
import { dockerProvider } from "./docker.ts";
import { ecsProvider } from "./ecs.ts";
import { fileVariable } from "./environment.ts";
import { readEnvFile, variableOf } from "./envFile.ts";
import { ProviderError } from "./providerError.ts";
import { vaultProvider } from "./vault.ts";

/** Which generation of which entry a file of the manifest is. */
export interface FilePlace {
  readonly entry: string;
  readonly generation: number;
}

/** Reads values of one store for one service. */
export interface SecretProvider {
  readonly name: string;
  /** false refuses to start with it when the manifest or GOIMG_ENV says production. */
  readonly allowedInProduction: boolean;
  /** Bytes of one file of the manifest, unchanged. Rejects with `ProviderError`, whose message holds no value. */
  read(fileName: string, place: FilePlace): Promise<Buffer>;
  /** Names of everything that this service could read, where the store can tell; used to refuse what was not granted. */
  list?(): Promise<string[]>;
  /** Called once everything was read. */
  close?(): Promise<void>;
}

/** What a provider is made from. */
export interface ProviderContext {
  /** `directory` of the manifest. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Makes a provider; may throw `ProviderError` (reason `provider-unavailable`) when it can't work here. */
export type ProviderFactory = (context: ProviderContext) => SecretProvider;

const registry = new Map<string, ProviderFactory>([
  ["docker", ({ directory }) => dockerProvider({ directory })],
  ["env", ({ env }) => envProvider(env)],
  ["vault", ({ env }) => vaultProvider(env)],
  ["awsSecretsManager", ({ env }) => ecsProvider(env)],
  ["digitalocean", ({ env }) => appPlatformProvider(env)],
]);

/** Providers of this folder can't be replaced: a dependency must not be able to slip in one of its own. */
const builtIn: ReadonlySet<string> = new Set(registry.keys());

/** Adds a provider. Throws for a built-in name and for a name that is no word. */
export function registerProvider(name: string, factory: ProviderFactory): void {
  if (builtIn.has(name)) throw new Error(`The provider ${name} is built in and can't be replaced`);
  if (!/^[a-z][A-Za-z0-9-]{0,31}$/.test(name)) throw new Error("A provider's name is one word: a-z, A-Z, 0-9, -");
  registry.set(name, factory);
}

/** Makes the provider of that name; throws `ProviderError`. The name is not quoted: a wrong one may be anything. */
export function createProvider(name: string, context: ProviderContext): SecretProvider {
  const factory = registry.get(name);
  if (factory) return factory(context);
  const known = [...registry.keys()].sort().join(", ");
  throw new ProviderError("unknown-provider", `names no provider; set SECRET_PROVIDER to one of: ${known}`);
}

/**
 * Development only. With SECRETS_ENV_FILE, the env store's file: generation 3 of `DB_PASSWORD` is its line `DB_PASSWORD__3`.
 * Without, the environment: the file `DB_PASSWORD` is the variable `DB_PASSWORD`, the file `DB_PASSWORD.3` is `DB_PASSWORD__3`.
 * Any process of the same user, `docker inspect` and crash reports can read an environment.
 */
export function envProvider(env: ProviderContext["env"]): SecretProvider {
  const file = env["SECRETS_ENV_FILE"];
  let contents: Promise<Map<string, string>> | undefined;
  return {
    name: "env",
    allowedInProduction: false,
    async read(fileName, { entry, generation }) {
      const variable = file === undefined ? fileVariable(fileName) : variableOf(entry, generation);
      const value = file === undefined ? env[variable] : (await (contents ??= readEnvFile(file))).get(variable);
      if (value !== undefined) return Buffer.from(value, "utf8");
      const fix = file === undefined ? `export ${variable}` : "run pulumi up";
      throw new ProviderError("missing", `is not set; ${fix}`);
    },
  };
}
