import { getApp, type GetAppResult } from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { parseManifest } from "../../../runtime/manifest.ts";
import { fileVariable } from "../../../runtime/environment.ts";
import type { Delivered } from "../../stores/digitalocean.ts";
import type { VariablePlace } from "./component.ts";

/** What the last update left, and what App Platform says that it has now. */
export interface Running {
  /** See {@link Delivered}. */
  readonly delivered: Delivered;
  /** App Platform's ciphertext of a variable, if that variable holds this generation. */
  ciphertextOf(place: VariablePlace): string | undefined;
}

const nothing: Running = { delivered: {}, ciphertextOf: () => undefined };

/**
 * Asks what runs: the last update's outputs name the app, and App Platform answers its spec. An answer that does not come counts as
 * none: then every value is handed over anew, which costs a deployment and is never wrong.
 */
export async function runningApp(): Promise<Running> {
  const own = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
  const last = new pulumi.StackReference("last-update", { name: own });
  const [id, delivered] = await Promise.all([last.getOutputDetails("app"), last.getOutputDetails("delivered")]);
  if (typeof id.value !== "string") return nothing;
  const app = await getApp({ appId: id.value }).catch(() => undefined);
  if (app === undefined) {
    await pulumi.log.warn("App Platform does not say what runs: every value is handed over anew, in a deployment");
    return nothing;
  }
  return { delivered: (delivered.secretValue ?? {}) as Delivered, ciphertextOf: ciphertextsOf(app) };
}

interface RunningVariable {
  readonly key?: string;
  readonly value?: string;
}

/** By the manifest that a component runs with, which says what generation each of its variables is. */
export function ciphertextsOf({ specs }: Pick<GetAppResult, "specs">): Running["ciphertextOf"] {
  const found = new Map<string, string>();
  const components = specs.flatMap(({ services = [], workers = [], jobs = [] }) => [...services, ...workers, ...jobs]);
  for (const { name, envs = [] } of components) {
    const values = new Map((envs as readonly RunningVariable[]).map(({ key = "", value = "" }) => [key, value]));
    const manifest = parseManifest(values.get("SECRETS_MANIFEST") ?? "");
    if (!manifest.ok) continue;
    for (const entry of manifest.manifest.secrets.flatMap((secret) => secret.entries)) {
      for (const [generation, file] of Object.entries(entry.files)) {
        const variable = fileVariable(file);
        const value = values.get(variable) ?? "";
        if (value.startsWith("EV[")) found.set([name, variable, entry.name, generation].join(" "), value);
      }
    }
  }
  return ({ component, variable, entry, generation }) =>
    found.get([component, variable, entry, String(generation)].join(" "));
}
