import type { Project } from "../compose/project.ts";
import type { ProposedSecret } from "../propose/proposal.ts";

/** The proposal as a typed module: a mistyped service, kind or strategy in it does not compile. */
export function emitCatalog(project: Project, secrets: readonly ProposedSecret[]): string {
  const services = project.services.map(({ name }) => JSON.stringify(name)).join(" | ");
  const body = secrets.map((secret) => indent(secretSource(secret), 2)).join("\n");
  return `${types(services === "" ? "never" : services)}
/** Every secret of the project. It holds no value: generation 0 of each is in the stack's encrypted config. */
export const catalog = {
${body}
} as const satisfies Catalog;
`;
}

function secretSource({
  name,
  kind,
  strategy,
  period,
  owner,
  feature,
  acceptors,
  entries,
  notes,
}: ProposedSecret): string {
  const fields = {
    kind,
    strategy,
    period,
    owner,
    requiredIn: [],
    feature,
    presence: kind === "external" ? "supplied" : "consumed",
    acceptors,
    entries: Object.fromEntries(
      entries.map((entry) => [
        entry.name,
        {
          description: entry.description,
          format: entry.format.type === "rsaPrivateKeyPem" ? { ...entry.format, pair: entry.name } : entry.format,
          consumers: entry.consumers,
        },
      ]),
    ),
  };
  const comments = notes.map((note) => `// ${note}\n`).join("");
  return `${comments}${key(name)}: ${literal(fields)},`;
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([name, item]) => `${key(name)}: ${literal(item)}`);
  const line = `{ ${pairs.join(", ")} }`;
  return line.length <= 100 && !line.includes("\n")
    ? line
    : `{\n${indent(pairs.map((pair) => `${pair},`).join("\n"), 2)}\n}`;
}

function key(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}

function indent(text: string, by: number): string {
  return text.replace(/^(?=.)/gm, " ".repeat(by));
}

const types = (
  services: string,
): string => `/** Proposed by goimg-secrets import: read it, correct what it could not know (owners, periods), and keep it. */

export type ServiceName = ${services};
export type Kind = "rsaKeyPair" | "password" | "accessKeyPair" | "external";
export type Strategy = "dual-key" | "alternating-users" | "dual-password" | "dual-access-key" | "external" | "redeploy";
export type Format =
  | { readonly type: "rsaPrivateKeyPem"; readonly minBits: number; readonly pair: string }
  | { readonly type: "rsaPublicKeyPem"; readonly minBits: number }
  | {
      readonly type: "text";
      readonly minLength: number;
      readonly maxLength?: number;
      readonly charset?: "alphanumeric" | "upperAlphanumeric" | "printable";
      readonly minEntropyBits?: number;
    };
export interface EntrySpec {
  readonly description: string;
  readonly format: Format;
  readonly consumers: readonly ServiceName[];
}
export interface SecretSpec {
  readonly kind: Kind;
  readonly strategy: Strategy;
  readonly period: \`\${number} months\`;
  readonly owner: string;
  readonly requiredIn: readonly string[];
  readonly feature: string;
  readonly presence: "declared" | "consumed" | "supplied";
  readonly acceptors: readonly ServiceName[];
  readonly entries: Readonly<Record<string, EntrySpec>>;
}
export type Catalog = Readonly<Record<string, SecretSpec>>;
`;
