import { findSecret, secretSpecs } from "../components/catalog/grants.ts";
import { at, isUnknownAt, numberAt, textAt } from "./model/properties.ts";
import type { Context, Resource, Rule, Settings, Violation } from "./model/rule.ts";
import { listSetting, matches, numberSetting } from "./model/settings.ts";
import { withoutGeneration } from "./state/generations.ts";

const settings: Settings = {
  minRsaBits: { type: "integer", default: 4096, minimum: 3072, maximum: 16384, description: "of RSA keys" },
  minBits: {
    type: "integer",
    default: 256,
    minimum: 128,
    maximum: 1024,
    description: "entropy of generated passwords: length × log2 of the alphabet",
  },
  rsaOnly: {
    type: "array",
    default: ["*JWT*"],
    items: { type: "string", minLength: 1 },
    description: "patterns of the names of keys that must be RSA, because what signs with them is RS256",
  },
  identifiers: {
    type: "array",
    default: ["*ACCESS_KEY", "*ACCESS_KEY_ID", "*access-key-id"],
    items: { type: "string", minLength: 1 },
    description: "patterns of the names of generated texts that are identifiers, not secrets; no -g<N>",
  },
};

/**
 * Refuses keys and passwords that are too weak from what their generators are asked for, before they exist.
 *
 * Source: the requirement's "RS256 JWT with 4096-bit keys" and `openssl rand -base64 32`, 32 random bytes.
 */
export const strength: Rule = {
  name: "strength",
  description: "Generated keys and passwords are strong: RSA 4096, passwords of 32 random bytes' worth.",
  level: "mandatory",
  settings,
  resource: (resource, context) => {
    const entry = withoutGeneration(resource.name);
    const report = (rule: string, message: string): Violation => ({ rule, message, urn: resource.urn });
    switch (resource.type) {
      case "tls:index:PrivateKey":
        return keyProblems(resource, entry, context).map((message) => report("key", message));
      case "random:index:RandomPassword":
        return isIdentifier(entry, context)
          ? []
          : passwordProblems(resource, context).map((m) => report("password", m));
      case "random:index:RandomBytes":
        return bytesProblems(resource, context).map((message) => report("password", message));
      default:
        return [];
    }
  },
};

function keyProblems({ props }: Resource, entry: string, context: Context): readonly string[] {
  if (isUnknownAt(props, "algorithm")) return [];
  const algorithm = textAt(props, "algorithm") ?? "";
  const rsaOnly = listSetting(context.settings, settings, "rsaOnly").some((pattern) => matches(pattern, entry));
  if (rsaOnly && algorithm !== "RSA") return ['algorithm must be "RSA": its tokens are signed with RS256'];
  switch (algorithm) {
    case "RSA": {
      if (isUnknownAt(props, "rsaBits")) return [];
      const minimum = numberSetting(context, settings, "minRsaBits");
      // The provider's default.
      const bits = numberAt(props, "rsaBits") ?? 2048;
      return bits >= minimum ? [] : [`rsaBits is ${bits}, less than ${minimum}: set rsaBits: ${minimum}`];
    }
    case "ECDSA": {
      if (isUnknownAt(props, "ecdsaCurve")) return [];
      const curve = textAt(props, "ecdsaCurve") ?? "P224";
      return ["P256", "P384", "P521"].includes(curve) ? [] : ['ecdsaCurve must be "P256", "P384" or "P521"'];
    }
    case "ED25519":
      return [];
    default:
      return ['algorithm must be "RSA", "ECDSA" or "ED25519"'];
  }
}

function passwordProblems({ props }: Resource, context: Context): readonly string[] {
  if (isUnknownAt(props, "length")) return [];
  const minimum = numberSetting(context, settings, "minBits");
  const length = numberAt(props, "length") ?? 0;
  const alphabet = alphabetSize(props);
  const bits = alphabet < 2 ? 0 : length * Math.log2(alphabet);
  if (bits >= minimum) return [];
  const needed = alphabet < 2 ? undefined : Math.ceil(minimum / Math.log2(alphabet));
  const fix = needed === undefined ? "allow letters and digits" : `set length: ${needed}`;
  return [`length and alphabet make ${Math.floor(bits)} bits, less than ${minimum}: ${fix}`];
}

/** The provider's own special characters, where `overrideSpecial` gives no others. */
const specials = "!@#$%&*()-_=+[]{}<>:?";

function alphabetSize(props: Resource["props"]): number {
  const enabled = (...keys: readonly string[]) => keys.every((key) => at(props, key) !== false);
  const special = textAt(props, "overrideSpecial");
  return (
    (enabled("lower") ? 26 : 0) +
    (enabled("upper") ? 26 : 0) +
    // `number` is the old name of `numeric`.
    (enabled("numeric", "number") ? 10 : 0) +
    (enabled("special") ? new Set(special === undefined || special === "" ? specials : special).size : 0)
  );
}

function bytesProblems({ props }: Resource, context: Context): readonly string[] {
  if (isUnknownAt(props, "length")) return [];
  const minimum = numberSetting(context, settings, "minBits") / 8;
  const length = numberAt(props, "length") ?? 0;
  return length >= minimum ? [] : [`length is ${length} bytes, less than ${minimum}: set length: ${minimum}`];
}

/** Access key ids have a fixed, shorter form, and are sent in the clear with each request. */
function isIdentifier(entry: string, context: Context): boolean {
  const secret = findSecret(entry);
  const format = secret === undefined ? undefined : secretSpecs[secret].entries[entry]?.format;
  if (format?.type === "text") return format.charset === "upperAlphanumeric";
  return listSetting(context.settings, settings, "identifiers").some((pattern) => matches(pattern, entry));
}
