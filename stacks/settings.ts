import * as pulumi from "@pulumi/pulumi";
import type { StackName } from "../components/catalog/types.ts";
import { declare, type Declaration } from "../components/secrets/declare.ts";
import { InvalidSettings } from "../components/settings.ts";
import type { BackupArgs } from "../components/services/backup.ts";
import type { GrafanaArgs } from "../components/services/grafana.ts";
import type { ImageName, ServiceSpec } from "../components/services/service.ts";
import type { Generations } from "../components/rotation/generations.ts";
import { imageTag } from "../toolchain/images.ts";

/** Made when it is asked: it is of the project that runs, and this module may be loaded before that is known. */
const config = (): pulumi.Config => new pulumi.Config();

/** Image references: this project's own builds, unless the stack's config `images` names another. */
export function images(): (name: ImageName) => string {
  const others = config().getObject<Partial<Record<ImageName, string>>>("images") ?? {};
  return (name) => others[name] ?? imageTag(name);
}

/** How the dashboards are served: Grafana itself is an image of the stack's config, and a stand-in is built where there is none. */
export function dashboards(): GrafanaArgs {
  const others = config().getObject<Partial<Record<ImageName, string>>>("images") ?? {};
  return {
    port: config().getNumber("grafanaPort"),
    prometheus: config().get("prometheusUrl") ?? "http://prometheus:9090",
    official: others.grafana !== undefined,
  };
}

/**
 * Whom the database's copies are encrypted to: `backupRecipients`, a list of age public keys.
 *
 * @throws pulumi.RunError that names, by number, each one that is none
 */
export function backups(): BackupArgs {
  const recipients: unknown = config().getObject("backupRecipients") ?? [];
  if (!Array.isArray(recipients))
    throw new pulumi.RunError("goimg-secrets:backupRecipients is no list of age public keys (age1…)");
  const wrong = recipients.flatMap((one: unknown, index): readonly number[] =>
    typeof one === "string" && /^age1[02-9ac-hj-np-z]{58,}$/.test(one) ? [] : [index + 1],
  );
  if (wrong.length > 0)
    throw new pulumi.RunError(
      `goimg-secrets:backupRecipients: number ${wrong.join(", ")} is no age public key (age1…); a private key (AGE-SECRET-KEY-…) belongs nowhere but where it was made`,
    );
  return { recipients: recipients as readonly string[] };
}

/** A whole number of the stack's config. */
export function number(key: string, fallback: number): number {
  return config().getNumber(key) ?? fallback;
}

/**
 * The stack's secrets, checked before any resource is registered.
 *
 * @param host name that clients use, which a certificate must cover
 * @throws pulumi.RunError listing every problem at once.
 */
export function declaration(environment: StackName, services: readonly ServiceSpec[], host?: string): Declaration {
  const declared = { generations: config().getObject("generations"), external: external() };
  const where = { environment, ...(host === undefined ? {} : { host }) };
  return readOrRefuse(() => declare({ ...where, ...declared, services: services.map(({ name }) => name) }));
}

/** What the stack's outputs say of its secrets: numbers alone. */
export function declaredGenerations({ secrets }: Declaration): Readonly<Record<string, Generations>> {
  return Object.fromEntries(secrets.map(({ secret, live, active }) => [secret, { live, active }]));
}

/**
 * Reads a part of the stack's config. What is wrong with it is the operator's to mend, so it is told without a stack of calls.
 *
 * @throws pulumi.RunError listing every problem at once
 */
export function readOrRefuse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidSettings) throw new pulumi.RunError(error.message);
    throw error;
  }
}

/** @throws pulumi.RunError listing every reason, if there is one */
export function refuse(reasons: readonly string[]): void {
  if (reasons.length === 0) return;
  throw new pulumi.RunError(
    `The declared generations can't be reached in one update:\n${reasons.map((reason) => `  - ${reason}`).join("\n")}`,
  );
}

/**
 * Third-party values, in the clear: whether one is present must be known before resources are registered. They become
 * secret outputs in `components/secrets`, and are nowhere else.
 *
 * @throws pulumi.RunError if the config holds them unencrypted, or is not JSON.
 */
function external(): unknown {
  const key = `${pulumi.getProject()}:external`;
  const json = pulumi.runtime.getConfig(key);
  if (json === undefined) return undefined;
  if (!isEncrypted(key)) {
    throw new pulumi.RunError(
      `${key} is not encrypted: remove it (pulumi config rm external), issue new values, and set them with --secret`,
    );
  }
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new pulumi.RunError(`${key} is not an object: set each value with pulumi config set --secret --path`);
  }
}

/** What the engine told the program: the SDK knows it too, but its declarations leave the function out. */
function isEncrypted(key: string): boolean {
  return (pulumi.runtime as unknown as { isConfigSecret(key: string): boolean }).isConfigSecret(key);
}
