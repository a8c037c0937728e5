/**
 * App Platform, as far as its spec goes: it encrypts variables of the type SECRET and answers ciphertexts, `EV[1:nonce:ciphertext]`, takes
 * its own ciphertexts back, and counts a deployment for each change. It runs nothing.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from "node:crypto";
import type { Problems } from "../../../components/stores/provider/kind.ts";
import { holdsUnknown } from "../../../components/stores/provider/wire.ts";
import { cloudDirectory, type Thing } from "./cloud.ts";
import type { Resource } from "./resources.ts";

/** A component of a spec, or the spec itself: what has variables. */
interface Holder {
  readonly name: string;
  readonly envs?: readonly Variable[];
}

interface Variable {
  readonly key: string;
  readonly value: string;
  readonly type?: string;
  readonly scope?: string;
}

/** An app's spec, as the SDK has it. */
export interface Spec extends Holder {
  readonly services?: readonly Holder[];
  readonly workers?: readonly Holder[];
  readonly jobs?: readonly (Holder & { readonly kind?: string })[];
}

/** The cloud's own key: it is the test's folder that is secret. */
const keyOf = (cloud: string): Buffer => createHash("sha256").update(`app platform of ${cloud}`).digest();

function seal(cloud: string, app: string, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", keyOf(cloud), nonce).setAAD(Buffer.from(app));
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `EV[1:${nonce.toString("base64")}:${sealed.toString("base64")}]`;
}

/** What a ciphertext of that app is of. @throws Error if it is another app's, or none */
export function opened(cloud: string, app: string, ciphertext: string): string {
  const [, nonce = "", sealed = ""] = /^EV\[1:([^:]+):([^\]]+)\]$/.exec(ciphertext) ?? [];
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv("aes-256-gcm", keyOf(cloud), Buffer.from(nonce, "base64"));
  decipher.setAAD(Buffer.from(app)).setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString("utf8");
}

function encrypted(app: string, { key, value, type, ...rest }: Variable): Variable {
  if (type !== "SECRET") return { key, value, ...rest, ...(type === undefined ? {} : { type }) };
  const cloud = cloudDirectory();
  if (!value.startsWith("EV[")) return { key, value: seal(cloud, app, value), type, ...rest };
  try {
    opened(cloud, app, value);
  } catch {
    throw new Error(`the variable ${key} is encrypted, and not for this app`);
  }
  return { key, value, type, ...rest };
}

function encryptedSpec(app: string, spec: Spec): Spec {
  const holder = <H extends Holder>(one: H): H =>
    one.envs === undefined ? one : { ...one, envs: one.envs.map((variable) => encrypted(app, variable)) };
  const lists = Object.entries(spec).map(([key, value]): readonly [string, unknown] =>
    ["services", "workers", "jobs"].includes(key) ? [key, (value as readonly Holder[]).map(holder)] : [key, value],
  );
  return holder(Object.fromEntries(lists) as unknown as Spec);
}

const componentsOf = ({ services = [], workers = [], jobs = [] }: Spec): readonly Holder[] => [
  ...services,
  ...workers,
  ...jobs,
];

/** What the API refuses and the SDK's types let through. */
function checkSpec(spec: Spec, problems: Problems): void {
  if (!/^[a-z][a-z0-9-]{0,30}[a-z0-9]$/.test(spec.name)) problems.set("spec.name", "must be 2 to 32 of a-z, 0-9, -");
  const components = componentsOf(spec);
  const names = components.map(({ name }) => name);
  if (names.length === 0) problems.set("spec", "must have a component");
  if (new Set(names).size < names.length) problems.set("spec", "has two components of one name");
  for (const { name, kind = "UNSPECIFIED" } of spec.jobs ?? []) {
    if (!["UNSPECIFIED", "PRE_DEPLOY", "POST_DEPLOY", "FAILED_DEPLOY"].includes(kind))
      problems.set(`spec.jobs.${name}.kind`, "is no kind of job");
  }
  for (const { name, envs = [] } of [spec, ...components]) {
    if (holdsUnknown(envs)) continue;
    const keys = envs.map(({ key }) => key);
    if (new Set(keys).size < keys.length) problems.set(`spec.${name}.envs`, "has two variables of one name");
    for (const { key, type = "GENERAL", scope = "RUN_AND_BUILD_TIME" } of envs) {
      const at = `spec.${name}.envs.${key}`;
      if (!/^[_A-Za-z][_A-Za-z0-9]*$/.test(key)) problems.set(at, "is no name of a variable");
      if (!["GENERAL", "SECRET"].includes(type)) problems.set(`${at}.type`, "is neither GENERAL nor SECRET");
      if (!["RUN_TIME", "BUILD_TIME", "RUN_AND_BUILD_TIME"].includes(scope)) problems.set(`${at}.scope`, "is no scope");
    }
  }
}

const deployment = (before = 0): Thing => ({
  activeDeploymentId: randomUUID(),
  deployments: before + 1,
  updatedAt: new Date().toISOString(),
});

/** As the provider does, whatever an app is created or changed to is read back: with ciphertexts. */
export const app: Resource = {
  replacing: [],
  check: ({ spec }, problems) => {
    if (spec !== undefined && !holdsUnknown(spec)) checkSpec(spec as Spec, problems);
  },
  create(inputs) {
    const id = randomUUID();
    const spec = encryptedSpec(id, inputs["spec"] as Spec);
    const address = { liveUrl: `https://${spec.name}-x1y2z.ondigitalocean.app`, appUrn: `do:app:${id}` };
    return Promise.resolve({ id, plain: { spec, ...address, ...deployment() } });
  },
  update(id, before, inputs) {
    const spec = encryptedSpec(id, inputs["spec"] as Spec);
    return Promise.resolve({ spec, ...deployment(Number(before["deployments"])) });
  },
  answers: ["spec"],
};
