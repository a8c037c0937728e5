import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { isRecord, textAt } from "../model/properties.ts";

/** A project's directory with an empty state of its own: nothing of the project, its stacks or its state is written to. */
export interface Workspace {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Config values that were encrypted: their paths, to be set to made-up ones under the workspace's own passphrase. */
  readonly placeholders: readonly string[];
  /** Host name that the stack is reached at (`cluster.domain`), if it has one. */
  readonly host: string | undefined;
  readonly remove: () => void;
}

/**
 * Settings for a pulumi that does nothing but preview. A preview keeps no checkpoint, and yet the engine serializes the whole
 * state after each resource (`pkg/backend/snapshot.go`: `defaultServiceLoop`): the square of their number.
 * Never set for an update, which would forget what it made when it is killed.
 */
export const previewOnly: Readonly<Record<string, string>> = {
  PULUMI_EXPERIMENTAL: "true",
  PULUMI_SKIP_CHECKPOINTS: "true",
};

/** Makes a workspace for one stack of the project in `root`. */
export function workspaceFor(root: string, stack: string): Workspace {
  const directory = mkdtempSync(join(tmpdir(), "goimg-policy-"));
  for (const entry of readdirSync(root)) {
    if (entry.startsWith(".") || /^Pulumi\..+\.ya?ml$/.test(entry)) continue;
    if (entry === "Pulumi.yaml")
      writeFileSync(join(directory, entry), withStandIns(root, readFileSync(join(root, entry), "utf8")));
    else symlinkSync(join(root, entry), join(directory, entry));
  }
  const state = join(directory, ".state");
  mkdirSync(state, { mode: 0o700 });
  const { config, placeholders, host } = withoutSecrets(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8"));
  writeFileSync(join(directory, `Pulumi.${stack}.yaml`), config);
  return {
    directory,
    placeholders,
    host,
    env: {
      ...previewOnly,
      PULUMI_BACKEND_URL: `file://${state}`,
      PULUMI_CONFIG_PASSPHRASE: randomBytes(24).toString("base64url"),
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true",
      // Nowhere: a preview of an empty state asks no engine, and would say so if that ever changed.
      DOCKER_HOST: `unix://${join(directory, "no-docker.sock")}`,
    },
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Providers of clouds: a preview from nothing has them check arguments and no more, which stand-ins do without their downloads. */
const standIns = [
  { name: "aws", path: "test/fakes/aws" },
  { name: "digitalocean", path: "test/fakes/digitalocean" },
] as const;

/** The project's settings, with the stand-ins that it has in the place of the clouds' providers. */
function withStandIns(root: string, yaml: string): string {
  const project = parse(yaml) as { readonly plugins?: { readonly providers?: readonly object[] } };
  const own = standIns.filter(({ path }) => existsSync(join(root, path)));
  const providers = [...(project.plugins?.providers ?? []), ...own];
  return stringify({ ...project, plugins: { ...project.plugins, providers } });
}

/** The stack's config without its encrypted values, which only its own secrets provider can read. */
export function withoutSecrets(yaml: string): Pick<Workspace, "placeholders" | "host"> & { readonly config: string } {
  const document: unknown = parse(yaml);
  const placeholders: string[] = [];
  const config = isRecord(document) && isRecord(document["config"]) ? document["config"] : {};
  const plain = Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) => {
      const kept = plainPart(value, key, placeholders);
      return kept === undefined ? [] : [[key, kept]];
    }),
  );
  const host = textAt(plain, "goimg-secrets:cluster", "domain");
  return { config: stringify({ config: plain }), placeholders, host };
}

function plainPart(value: unknown, path: string, placeholders: string[]): unknown {
  if (Array.isArray(value)) {
    return (value as unknown[]).map((item, index) => plainPart(item, `${path}[${index}]`, placeholders));
  }
  if (!isRecord(value)) return value;
  if (typeof value["secure"] === "string" && Object.keys(value).length === 1) {
    placeholders.push(path);
    return undefined;
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const kept = plainPart(item, `${path}["${key}"]`, placeholders);
      return kept === undefined ? [] : [[key, kept]];
    }),
  );
}
