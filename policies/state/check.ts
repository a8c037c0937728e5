import { at, canonicalType, isRecord, textAt } from "../model/properties.ts";
import { child } from "../model/paths.ts";
import { generators, stores } from "../values/holders.ts";
import { deploymentOf, stateResources } from "./generations.ts";

/** What is wrong with a stack's state. Holds no value. */
export interface StateProblem {
  readonly rule: "secrets-provider" | "plaintext-state" | "decrypted-export";
  readonly message: string;
  /** Of the resource, or empty for the state as a whole. */
  readonly urn: string;
}

/** The key by which Pulumi marks an encrypted value (`sdk/go/common/resource`, `SigKey` and `SecretSig`). */
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** Providers that encrypt. `b64` is a test's, and no encryption. */
const encrypting = new Set(["passphrase", "service", "cloud"]);

/**
 * Checks an exported state (`pulumi stack export`) or a directory backend's checkpoint: values encrypted by a real
 * provider, and none in the clear.
 */
export function checkState(state: unknown): readonly StateProblem[] {
  const resources = stateResources(state);
  if (resources.length === 0) return [];
  return [...providerProblems(deploymentOf(state)), ...resources.flatMap(resourceProblems)];
}

function providerProblems(deployment: unknown): readonly StateProblem[] {
  const type = textAt(deployment, "secrets_providers", "type") ?? "none";
  if (encrypting.has(type)) return [];
  const message = `the state's secrets provider is ${type}, which does not encrypt: run pulumi stack change-secrets-provider`;
  return [{ rule: "secrets-provider", message, urn: "" }];
}

function resourceProblems(resource: unknown): readonly StateProblem[] {
  const urn = textAt(resource, "urn") ?? "";
  const type = canonicalType(textAt(resource, "type") ?? "");
  const secretOutputs = [...(generators.get(type) ?? []), stores.get(type) ?? []].flat();
  const problems: StateProblem[] = [];
  for (const half of ["inputs", "outputs"]) {
    const tree = at(resource, half);
    for (const property of secretOutputs) {
      if (typeof at(tree, property) === "string") problems.push(inTheClear(`${half}.${property}`, urn));
    }
    walk(tree, half, (value, path) => {
      if (isRecord(value) && value[signature] === secretSignature && Object.hasOwn(value, "plaintext")) {
        problems.push({
          rule: "decrypted-export",
          message: `${path} is decrypted: delete this file; export without --show-secrets`,
          urn,
        });
      }
      const isPlainKey = typeof value === "string" && value.includes("PRIVATE KEY-----");
      if (isPlainKey && !secretOutputs.some((property) => path === `${half}.${property}`)) {
        problems.push(inTheClear(path, urn));
      }
    });
  }
  return problems;
}

function inTheClear(path: string, urn: string): StateProblem {
  return {
    rule: "plaintext-state",
    message: `${path} is in the state in the clear: make it a secret (pulumi.secret), and issue a new generation`,
    urn,
  };
}

const deepest = 64;

function walk(value: unknown, path: string, visit: (value: unknown, path: string) => void, depth = 0): void {
  visit(value, path);
  if (depth > deepest) return;
  if (Array.isArray(value)) {
    (value as readonly unknown[]).forEach((item, index) => {
      walk(item, child(path, index), visit, depth + 1);
    });
  } else if (isRecord(value) && value[signature] !== secretSignature) {
    Object.entries(value).forEach(([key, item], position) => {
      walk(item, child(path, key, position), visit, depth + 1);
    });
  }
}
